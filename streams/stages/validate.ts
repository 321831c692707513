// The validate stage: checks a decoded event against the limits, cleans its text, and gives it an
// identity. Pure, except for the duplicate window that its caller owns.
import type { Config } from '../../configs/schema.ts'
import { cleaning } from '../../models/cleaning/clean-text.ts'
import type { Work } from '../../models/runtime/sliced-work.ts'
import { isLongerThan } from '../../schemas/characters.ts'
import { hasAddress, visibleText, type EventRecord } from '../../schemas/event.ts'
import type { StoredId } from '../../schemas/hashed-id.ts'
import type { LanguageOf } from '../../models/language/detect-language.ts'
import type { Lineage } from '../../schemas/record.ts'
import type { Validated } from '../../schemas/validated.ts'
import type { DuplicateWindow } from './duplicate-window.ts'
import { eventTime } from './event-time.ts'
import { filtered, ok, rejected, type Filtered, type Outcome } from '../../schemas/outcome.ts'

export type ValidationRules = {
  limits: Config['limits']
  cleaning: Config['cleaning']
  /** Makes the id that all later records have; as it came when absent. */
  storedId?: StoredId
  nowMs: number
  window: DuplicateWindow
  /** Undefined: languages do not matter. */
  language?: LanguageRules | undefined
}

/** How languages are detected, and which of them pass; none stands for all. */
export type LanguageRules = {
  readonly languageOf: LanguageOf
  readonly only: ReadonlySet<string>
}

/** The attribute with the language of a text. */
const languageAttribute = 'language'

/** The limits of the JSON form, applied to Avro events too. */
const idCharsMax = 256
const attributeCharsMax = 4_096

/** Checks and cleans one event that entered at the origin of its lineage. */
export function* validateEvent(
  event: EventRecord,
  { origin, attempt }: Lineage,
  rules: ValidationRules,
): Work<Outcome<Validated> | Filtered> {
  const { limits } = rules
  const textBytes = Buffer.byteLength(event.text)
  if (textBytes > limits.textBytesMax) {
    return rejected('text_too_long', `${textBytes} bytes of text; at most ${limits.textBytesMax}`)
  }
  const tooLong = longField(event, limits.attributesMax)
  if (tooLong !== undefined) return rejected('field_too_long', tooLong)
  const empty = (['id', 'label'] as const).find((name) => event[name] === '')
  if (empty !== undefined) return rejected('field_type', `${empty} must not be empty`)
  if (event.id !== null && !hasAddress(event.id)) {
    return rejected('field_type', 'id must not be "." or ".."')
  }
  const half = halfPair(event)
  if (half !== undefined) {
    return rejected('text_unpaired_surrogate', `${half} holds half of a surrogate pair`)
  }
  const time = eventTime(event.time, origin.recordTimeMs, rules)
  if (time.kind === 'rejected') return time
  const text = yield* cleaning(event.text, rules.cleaning.steps)
  if (!visibleText.test(text)) return rejected('text_empty', emptyMessage(event.text, text))
  yield
  const attributes = withLanguage(event.attributes, text, rules.language)
  if (attributes === undefined) return filtered
  const ownId = event.id ?? `${origin.topic}/${origin.partition}/${origin.offset}`
  const id = rules.storedId?.(ownId) ?? ownId
  const earlier = rules.window.earlier(id, { offset: origin.offset, attempt })
  if (earlier !== undefined) {
    return rejected('duplicate_id', `offset ${earlier} of this partition has the same id ${id}`)
  }
  return ok({
    topic: origin.topic,
    partition: origin.partition,
    offset: origin.offset,
    recordTimeMs: origin.recordTimeMs,
    id,
    text,
    source: event.source ?? '',
    eventTimeMs: time.value,
    attributes,
    knownLabel: event.label,
  })
}

/**
 * The attributes with the language of the text, unless the event says it; undefined for a language
 * that does not pass.
 */
function withLanguage(
  attributes: EventRecord['attributes'],
  text: string,
  rules: LanguageRules | undefined,
): EventRecord['attributes'] | undefined {
  if (rules === undefined) return attributes
  const given = attributes[languageAttribute]
  const language = given ?? rules.languageOf(text)
  // A tag such as de-AT passes with de.
  const [primary = ''] = language.toLowerCase().split(/[-_]/, 1)
  if (rules.only.size > 0 && !rules.only.has(primary)) return undefined
  return given === undefined ? { ...attributes, [languageAttribute]: language } : attributes
}

function emptyMessage(given: string, cleaned: string): string {
  if (given === '') return 'the text is empty'
  if (visibleText.test(given)) return 'no visible character is left after cleaning'
  return cleaned === ''
    ? 'the text holds white space and control characters only'
    : 'the text holds invisible characters only'
}

function longField(event: EventRecord, attributesMax: number): string | undefined {
  for (const [name, value] of Object.entries({
    id: event.id,
    source: event.source,
    label: event.label,
  })) {
    if (value !== null && isLongerThan(value, idCharsMax)) {
      return `${name} has more than ${idCharsMax} characters`
    }
  }
  const attributes = Object.entries(event.attributes)
  if (attributes.length > attributesMax) {
    return `${attributes.length} attributes; at most ${attributesMax}`
  }
  for (const [name, value] of attributes) {
    if (isLongerThan(name, idCharsMax))
      return `an attribute name has more than ${idCharsMax} characters`
    if (isLongerThan(value, attributeCharsMax)) {
      return `attributes.${name} has more than ${attributeCharsMax} characters`
    }
  }
  return undefined
}

/**
 * The first field with half of a surrogate pair. JSON can express one; UTF-8, and so Avro and rows,
 * cannot.
 */
function halfPair(event: EventRecord): string | undefined {
  const { attributes, text, id, source, label } = event
  const fields = {
    text,
    id,
    source,
    label,
    time: typeof event.time === 'string' ? event.time : null,
  }
  for (const [name, value] of Object.entries(fields)) {
    if (value !== null && !value.isWellFormed()) return name
  }
  const isBroken = Object.entries(attributes).some(
    (pair) => !pair.every((one) => one.isWellFormed()),
  )
  return isBroken ? 'attributes' : undefined
}
