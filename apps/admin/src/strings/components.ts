// Words of the components that several views share.

export const componentText = {
  loading: 'Loading',
  tryAgain: 'Try again',
  none: '—',
  unexpectedError: (message: string) => `Unexpected error: ${message}`,
  stale: (age: string) => `Out of date: last updated ${age}.`,
  copied: 'Copied',
  copyFailed: 'Copy failed',
  secretSaved: 'I have saved it',
  oidc: 'OIDC',
  oidcHint: 'The name comes from the identity provider',
} as const
