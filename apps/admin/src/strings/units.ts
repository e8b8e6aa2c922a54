// Units of sizes, durations and times.

export const unitText = {
  bytes: ['B', 'kB', 'MB', 'GB', 'TB'],
  hours: (hours: number) => `${hours} h`,
  minutes: (minutes: number) => `${minutes} min`,
  seconds: (seconds: number) => `${seconds} s`,
  utc: (text: string) => `${text} UTC`,
  utcDay: (day: string) => `${day} (UTC)`,
} as const
