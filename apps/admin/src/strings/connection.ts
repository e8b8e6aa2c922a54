// Words about the connection between the page and the service.

export const connectionText = {
  lost: 'Connection to Waybill lost. The data shown may be out of date. Reconnecting…',
  unavailable: 'Waybill’s database is temporarily unavailable. Retrying…',
  restored: 'Connection restored.',
  retryNow: 'Retry now',
  unreachable: 'Cannot reach Waybill. Check your connection, then try again.',
  unexplained: (status: number) =>
    `The server returned ${status} without an error message. A proxy may be blocking the request.`,
} as const
