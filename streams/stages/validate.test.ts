import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../configs/load.ts'
import { finish } from '../../models/runtime/sliced-work.ts'
import type { EventRecord } from '../../schemas/event.ts'
import { DuplicateWindow } from './duplicate-window.ts'
import { ok } from '../../schemas/outcome.ts'
import { validateEvent } from './validate.ts'

const config = loadConfig({ env: {} })
const nowMs = Date.UTC(2026, 0, 1)
const origin = { topic: 'winnow.events', partition: 2, offset: 7, recordTimeMs: nowMs - 1_000 }
const first = { origin, attempt: 0 }
const plain: EventRecord = {
  id: 'a',
  text: 'where is my parcel?',
  source: null,
  time: null,
  attributes: {},
  label: null,
}

function validate(event: Partial<EventRecord>, window = new DuplicateWindow(10)) {
  const { limits, cleaning } = config
  const rules = { limits, cleaning, nowMs, window }
  return finish(validateEvent({ ...plain, ...event }, first, rules))
}

function codeOf(outcome: { kind: string; error?: { code: string } }) {
  return outcome.kind === 'ok' ? 'ok' : outcome.error!.code
}

describe('validateEvent', () => {
  it('gives an event without id, source and time its position, no source, the record time', () => {
    expect(validate({ id: null })).toEqual(
      ok({
        ...origin,
        id: 'winnow.events/2/7',
        text: 'where is my parcel?',
        source: '',
        eventTimeMs: origin.recordTimeMs,
        attributes: {},
        knownLabel: null,
      }),
    )
  })

  it.each([
    ['text_empty', { text: '' }],
    ['text_empty', { text: ' \u0000\n\t ' }],
    ['text_empty', { text: '\u200b\u200b' }],
    ['text_empty', { text: '\ufe0f' }],
    ['text_empty', { text: '\u202a\u202c' }],
    ['text_empty', { text: '\u2060 \ufeff\u0000\u00ad' }],
    ['text_empty', { text: '\u3164\u2800\u{e0041}' }],
    ['text_too_long', { text: 'x'.repeat(1_000_001) }],
    ['field_too_long', { id: 'i'.repeat(257) }],
    [
      'field_too_long',
      { attributes: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`a${i}`, ''])) },
    ],
    ['time_invalid', { time: 'yesterday' }],
    ['time_invalid', { time: '2026-01-01' }],
    ['time_invalid', { time: NaN }],
    ['time_future', { time: nowMs + 86_400_001 }],
    ['time_future', { time: 1e300 }],
    ['time_past', { time: 1_767_225_600 }],
  ] as const)('rejects with %s', (code, event) => {
    expect(codeOf(validate(event))).toBe(code)
  })

  it('says why a text is empty, also where cleaning leaves invisible characters', () => {
    const rules = {
      limits: config.limits,
      nowMs,
      window: new DuplicateWindow(10),
      cleaning: { steps: ['markup' as const] },
    }
    const messageOf = (text: string) => {
      const outcome = finish(validateEvent({ ...plain, text }, first, rules))
      return outcome.kind === 'rejected' ? outcome.error : outcome.kind
    }
    expect(messageOf('')).toEqual({ code: 'text_empty', message: 'the text is empty' })
    expect(messageOf('<p>&#8203;</p>')).toEqual({
      code: 'text_empty',
      message: 'no visible character is left after cleaning',
    })
    expect(messageOf('\u200b')).toEqual({
      code: 'text_empty',
      message: 'the text holds invisible characters only',
    })
    expect(messageOf('<p>a\u200b</p>')).toBe('ok')
  })

  it('accepts times in both forms, up to the allowed lead', () => {
    const lead = validate({ time: nowMs + 86_400_000 })
    expect(lead.kind).toBe('ok')
    const zoned = validate({ time: '2025-12-31T23:00:00.5+01:00' })
    expect(zoned.kind === 'ok' && zoned.value.eventTimeMs).toBe(
      Date.UTC(2025, 11, 31, 22, 0, 0, 500),
    )
  })

  it('rejects a second event with one id, but not the same record delivered again', () => {
    const window = new DuplicateWindow(10)
    expect(codeOf(validate({}, window))).toBe('ok')
    expect(codeOf(validate({}, window))).toBe('ok')
    const later = finish(
      validateEvent(
        plain,
        { origin: { ...origin, offset: 8 }, attempt: 0 },
        { limits: config.limits, cleaning: config.cleaning, nowMs, window },
      ),
    )
    expect(codeOf(later)).toBe('duplicate_id')
  })
})

describe('languages', () => {
  const languageOf = (text: string) => (text.includes('Paket') ? 'de' : 'en')
  const validateIn = (event: Partial<EventRecord>, only: readonly string[] = []) => {
    const { limits, cleaning } = config
    const language = { languageOf, only: new Set(only) }
    const rules = { limits, cleaning, nowMs, window: new DuplicateWindow(10), language }
    return finish(validateEvent({ ...plain, ...event }, first, rules))
  }

  it('become an attribute, beside those of the event', () => {
    const outcome = validateIn({ text: 'Wo ist mein Paket?', attributes: { team: 'a' } })
    expect(outcome).toMatchObject({ value: { attributes: { team: 'a', language: 'de' } } })
  })

  it('stay as the event says them', () => {
    const outcome = validateIn({ attributes: { language: 'de-AT' } }, ['de'])
    expect(outcome).toMatchObject({ kind: 'ok', value: { attributes: { language: 'de-AT' } } })
  })

  it.each([
    [['de'], 'filtered'],
    [['en', 'de'], 'ok'],
    [[], 'ok'],
  ])('only %j pass: an English text is %s', (only, kind) => {
    expect(validateIn({}, only).kind).toBe(kind)
  })

  it('a text without one stays a dead letter', () => {
    expect(codeOf(validateIn({ text: ' ' }, ['de']))).toBe('text_empty')
  })
})
