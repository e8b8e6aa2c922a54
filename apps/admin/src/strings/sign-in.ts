// Words of the sign-in view.

export const signInText = {
  title: 'Sign in',
  lead: 'Exports from your database, with an audit trail.',
  expired: 'Your session has expired. Sign in to continue where you left off.',
  key: 'API key',
  keyHint: 'The key is kept in this tab only, until you close it.',
  submit: 'Sign in',
  oidc: 'Sign in with your organisation',
  or: 'or with an API key',
  wrongKey: 'This API key is not valid. It may be mistyped, expired or revoked.',
  rejected: 'Your account has no role in Waybill. Ask an administrator for access.',
  finishing: 'Signing you in…',
  failed: 'Sign-in failed',
  again: 'Back to sign-in',
  notConfigured: 'sign-in with an organisation is not configured',
  noAddress: 'the identity provider has no authorization endpoint',
  notStarted: 'the sign-in was not started in this tab',
} as const
