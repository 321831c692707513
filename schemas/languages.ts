// The languages that can be detected, as ISO 639-1 codes. models/language/ detects them.

/**
 * The code of a text whose language cannot be detected (BCP 47, RFC 5646, 4.1): it is too short, or
 * has none.
 */
export const undetermined = 'und'

/** The codes that a text can have, in alphabetical order. */
export const languageCodes = [
  ...['am', 'ar', 'az', 'be', 'bg', 'bn', 'ca', 'cs', 'da', 'de', 'el', 'en', 'es', 'et', 'eu'],
  ...['fa', 'fi', 'fr', 'gu', 'he', 'hi', 'hr', 'hu', 'hy', 'is', 'it', 'ja', 'ka', 'kn', 'ko'],
  ...['ku', 'lo', 'lt', 'lv', 'ml', 'mr', 'ms', 'nl', 'no', 'or', 'pa', 'pl', 'pt', 'ro', 'ru'],
  ...['sk', 'sl', 'sq', 'sr', 'sv', 'ta', 'te', 'th', 'tl', 'tr', 'uk', undetermined, 'ur', 'vi'],
  ...['yo', 'zh'],
] as const
