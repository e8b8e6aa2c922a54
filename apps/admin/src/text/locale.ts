// The reader's own way to write numbers and times, in English.

/** The reader's kind of English, if they have one. */
export const LOCALE = navigator.languages.find((language) => /^en\b/i.test(language)) ?? 'en-GB'

/** Where numbers are written 1,5, spreadsheets expect a semicolon between the fields of a CSV file. */
export const EXCEL_DELIMITER =
  new Intl.NumberFormat(navigator.language).formatToParts(1.5).find(({ type }) => type === 'decimal')?.value === ','
    ? ';'
    : ','
