// The locale for numbers and times, and the CSV delimiter that Excel expects in it.

/** The first English locale among the browser's languages. */
export const LOCALE = navigator.languages.find((language) => /^en\b/i.test(language)) ?? 'en-GB'

/** In locales with a decimal comma, Excel expects a semicolon as the CSV delimiter. */
export const EXCEL_DELIMITER =
  new Intl.NumberFormat(navigator.language).formatToParts(1.5).find(({ type }) => type === 'decimal')?.value === ','
    ? ';'
    : ','
