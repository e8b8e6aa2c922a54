// The icons of the page. They have the colour of the surrounding text, and always a text label beside them or in ARIA.

const PATHS = {
  plus: 'M8 3v10M3 8h10',
  download: 'M8 2.500v8M4.800 7.500 8 10.700l3.200-3.200M3 13.500h10',
  copy: 'M6 5.500h6.500a1 1 0 0 1 1 1V13a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1V6.500a1 1 0 0 1 1-1M11 5.500V3a1 1 0 0 0-1-1H3.500a1 1 0 0 0-1 1v6.500a1 1 0 0 0 1 1H5',
  check: 'M3 8.500 6.500 12 13 4.500',
  cross: 'M4 4l8 8M12 4l-8 8',
  up: 'M8 12.500v-9M4 7.500l4-4 4 4',
  down: 'M8 3.500v9M4 8.500l4 4 4-4',
  grip: 'M6 4h.01M10 4h.01M6 8h.01M10 8h.01M6 12h.01M10 12h.01',
  warning: 'M8 2 1.800 13.200h12.400zM8 6.500v3M8 11.400h.01',
  clock: 'M8 1.800a6.200 6.200 0 1 0 0 12.400A6.200 6.200 0 0 0 8 1.800M8 4.600V8l2.300 1.500',
  exports: 'M2.500 4.500h11M2.500 8h11M2.500 11.500h6',
  webhooks:
    'M8 5.500a2 2 0 1 0-1.400-.6L4.400 9M4 9a2 2 0 1 0 2 2h4.500M12 9a2 2 0 1 1-1.600 3.200M8.600 5.400 11 9.500',
  keys: 'M10.500 2a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7M8 8l-5.500 5.500M5 11l1.800 1.800',
  health: 'M1.500 8.500h3l2-5 3 9 2-4h3',
  audit: 'M4 2h8v12H4zM6.500 5.500h3M6.500 8h3M6.500 10.500h1.500',
  leave: 'M6.500 2.500h-3v11h3M7 8h7M11 5l3 3-3 3',
  retry: 'M13 8a5 5 0 1 1-1.500-3.500M13 2v3h-3',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  )
}
