// The JSON of an event that may be labelled, as all routes of labelling give it.
import { z } from 'zod'
import type { TextView } from '../http/text-view.ts'
import type { LabellingCandidate } from '../../schemas/ports/labelling-reader.ts'

/** An event with what a model says of it. */
export const itemShape = z.strictObject({
  id: z.string().describe('The event id.'),
  text: z.string(),
  source: z.string().describe('Empty if unknown.'),
  label: z.string().describe('What the model says.'),
  score: z.number(),
  probabilities: z.record(z.string(), z.number()),
  outOfScope: z.number().nullable(),
  model: z.string().describe('NAME@VERSION of the version that classified the event.'),
  classifiedAt: z.iso.datetime(),
  suggestions: z
    .array(z.strictObject({ label: z.string(), score: z.number() }))
    .describe("The most probable labels, and what a shadow says; the model's own label first."),
})

/** The JSON of a candidate. */
export function itemJson(
  candidate: LabellingCandidate,
  { show }: TextView,
): z.output<typeof itemShape> {
  const { eventId, text, source, label, score, probabilities, outOfScope } = candidate
  return {
    id: eventId,
    ...{ text: show(text), source, label, score, probabilities, outOfScope },
    model: `${candidate.model}@${candidate.version}`,
    classifiedAt: new Date(candidate.classifiedAtMs).toISOString(),
    suggestions: suggestionsOf(candidate),
  }
}

function suggestionsOf({ label, probabilities, other }: LabellingCandidate) {
  const ranked = Object.entries(probabilities)
    .map(([name, score]) => ({ label: name, score }))
    .sort((a, b) => Number(b.label === label) - Number(a.label === label) || b.score - a.score)
  if (other === undefined || ranked.some((one) => one.label === other.label)) return ranked
  return [...ranked, other]
}

/** An example for descriptions. */
export const itemExample = {
  id: 'winnow.events/3/17',
  text: 'Cheap watches, click here',
  source: 'support-mail',
  label: 'spam',
  score: 0.52,
  probabilities: { spam: 0.52, ham: 0.48 },
  outOfScope: 0.1,
  model: 'mail@1',
  classifiedAt: '2026-01-31T12:00:00.120Z',
  suggestions: [
    { label: 'spam', score: 0.52 },
    { label: 'ham', score: 0.48 },
  ],
}
