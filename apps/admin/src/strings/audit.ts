// Words of the audit trail view.

export const auditText = {
  title: 'Audit trail',
  lead: 'Who did what, and when. Events cannot be changed or deleted.',
  filters: {
    label: 'Filter events',
    type: 'Event',
    anyType: 'All events',
    actor: 'Actor',
    actorHint: 'Name or ID',
    from: 'From',
    to: 'To',
    clear: 'Clear',
  },
  columns: { at: 'Time', event: 'Event', actor: 'Actor', address: 'IP address' },
  caption: 'Events, newest first',
  noMatch: { title: 'No results', text: 'No events match these filters.' },
  export: 'Export',
  newest: 'Newest',
  older: 'Older',
} as const
