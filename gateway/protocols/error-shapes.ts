// The form of errors that the clients of each protocol expect, by the path of the request. The code
// and the message are those of the problem document that other routes answer with (http/problem.ts).
import type { ErrorShape } from '../http/problem.ts'

/** The form of errors at a path; undefined for problem documents. */
export function errorShapeAt(path: string): ErrorShape | undefined {
  return path === '/v2' || path.startsWith('/v2/') ? inferenceError : undefined
}

/** Of the Open Inference Protocol. */
const inferenceError: ErrorShape = (problem) => ({
  body: { error: sentenceOf(problem) },
  status: problem.status,
  type: 'application/json',
})

/** The message, with that of the first invalid item. */
function sentenceOf({ detail, errors }: Parameters<ErrorShape>[0]): string {
  const [first] = errors ?? []
  return first === undefined ? detail : `${detail}: ${first.message} (index ${first.index})`
}
