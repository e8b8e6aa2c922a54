// Words of the frame around the views: navigation, window title, page not found.

export const appText = {
  brand: 'Waybill',
  skip: 'Skip to content',
  failed: 'This page cannot be shown',
  nav: {
    label: 'Main',
    exports: 'Exports',
    newExport: 'New export',
    webhooks: 'Webhooks',
    keys: 'API keys',
    audit: 'Audit trail',
    health: 'Health',
    signOut: 'Sign out',
    role: { admin: 'Administrator', exporter: 'Exporter' },
  },
  notFound: { title: 'Page not found', text: 'Check the address.', back: 'Back to exports' },
} as const
