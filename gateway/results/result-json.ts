// The JSON of a stored result, as GET /v1/results and GET /v1/stream send it, with its schema.
import { z } from 'zod'
import type { StoredResult } from '../../schemas/ports/result-reader.ts'
import { shownValues, type TextView } from '../http/text-view.ts'

/** The result as callers get it; `exactJsonText` writes it with all digits of its offset. */
export function resultOnTheWire(stored: StoredResult, view: TextView): z.output<typeof resultJson> {
  return {
    id: stored.eventId,
    label: stored.label,
    score: stored.score,
    labels: [...stored.labels],
    outOfScope: stored.outOfScope,
    probabilities: stored.probabilities,
    model: `${stored.model}@${stored.version}`,
    role: stored.role,
    text: view.show(stored.text),
    source: stored.source,
    attributes: view.isMasked ? shownValues(stored.attributes, view) : stored.attributes,
    eventTime: new Date(stored.eventTimeMs).toISOString(),
    classifiedAt: new Date(stored.classifiedAtMs).toISOString(),
    origin: { topic: stored.topic, partition: stored.partition, offset: stored.offset },
    tokens: stored.tokens,
    truncated: stored.truncated,
    answeredBy: stored.answeredBy,
    queueMs: stored.queueMs,
    inferMs: stored.inferMs,
    totalMs: stored.totalMs,
  }
}

/** The schema of one result. */
export const resultJson = z
  .strictObject({
    id: z.string().describe('The event id.'),
    label: z
      .string()
      .describe("The most probable label; winnow.none means none of the model's labels."),
    score: z.number().describe('Probability of the most probable label.'),
    labels: z
      .array(z.string())
      .describe('All labels that apply: several, or none, with a multi-label model.'),
    outOfScope: z
      .number()
      .nullable()
      .describe('How far the text is from what the model knows, 0 to 1; null in older results.'),
    probabilities: z.record(z.string(), z.number()).describe('The most probable labels.'),
    model: z.string().describe('NAME@VERSION.'),
    role: z.enum(['champion', 'challenger', 'shadow']),
    text: z.string().describe('The cleaned text.'),
    source: z.string().describe('Empty if unknown.'),
    attributes: z.record(z.string(), z.string()),
    eventTime: z.iso.datetime(),
    classifiedAt: z.iso.datetime(),
    origin: z
      .strictObject({ topic: z.string(), partition: z.int(), offset: z.int() })
      .describe('Where the event entered.'),
    tokens: z.int(),
    truncated: z.boolean().describe('Whether the model read only the start of the text.'),
    answeredBy: z
      .string()
      .describe('The model of a cascade that answered, small or full; empty for other versions.'),
    queueMs: z.number().describe('How long the text waited for a batch.'),
    inferMs: z.number().describe('How long the batch ran.'),
    totalMs: z.number().describe('Time from the broker record time to the classification.'),
  })
  .meta({
    examples: [
      {
        id: 'winnow.events/3/17',
        label: 'spam',
        score: 0.97,
        labels: ['spam'],
        outOfScope: 0.03,
        probabilities: { spam: 0.97, ham: 0.03 },
        model: 'mail@1',
        role: 'champion',
        text: 'Cheap watches, click here',
        source: 'support-mail',
        attributes: {},
        eventTime: '2025-01-31T12:00:00.000Z',
        classifiedAt: '2025-01-31T12:00:00.120Z',
        origin: { topic: 'winnow.events', partition: 3, offset: 17 },
        tokens: 8,
        truncated: false,
        answeredBy: '',
        queueMs: 4.5,
        inferMs: 12.25,
        totalMs: 120,
      },
    ],
  })
