// Which results a caller asks for, as query parameters that GET /v1/results and GET /v1/stream
// share.
import type { z } from 'zod'
import { characters } from '../../schemas/characters.ts'

const word = characters(1, 256)

/** The parameters that select results by their content. */
export const resultFilterQuery = {
  label: word.optional().describe('Only this predicted label.'),
  source: word.optional().describe('Only events from this source.'),
  model: word
    .regex(/^[^@]+(@[^@]+)?$/, 'must be NAME or NAME@VERSION')
    .optional()
    .describe('Only results of this model: NAME or NAME@VERSION.'),
  q: word.optional().describe('Only texts that contain this, in upper or lower case.'),
} as const satisfies z.ZodRawShape

/** Why masked readers cannot search: they could guess what is masked, letter by letter. */
export const searchNeeds = 'The parameter q searches texts as they are stored, so it needs'

/** The name and the version of NAME or NAME@VERSION. */
export function readReference(reference: string | undefined): {
  model: string | undefined
  version: string | undefined
} {
  const at = reference?.indexOf('@') ?? -1
  if (reference === undefined || at < 0) return { model: reference, version: undefined }
  return { model: reference.slice(0, at), version: reference.slice(at + 1) }
}
