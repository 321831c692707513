// The form of errors that the clients of each protocol expect, by the path of the request. The code
// and the message are those of the problem document that other routes answer with
// (http/problem.ts).
import type { ErrorShape } from '../http/problem.ts'

/** The form of errors at a path; undefined for problem documents. */
export function errorShapeAt(path: string): ErrorShape | undefined {
  if (path === '/v2' || path.startsWith('/v2/')) return inferenceError
  if (path === '/predict') return predictError
  return path === '/v1/embeddings' ? embeddingsError : undefined
}

/** Of the Open Inference Protocol. */
const inferenceError: ErrorShape = (problem) => ({
  body: { error: sentenceOf(problem) },
  status: problem.status,
  type: 'application/json',
})

/** Of text-embeddings-inference, with its statuses for overload and for a model that failed. */
const predictError: ErrorShape = (problem) => {
  const { kind, status = problem.status } = kindOf(problem)
  return {
    body: { error: sentenceOf(problem), error_type: kind },
    status,
    type: 'application/json',
  }
}

function kindOf({ status, code }: Parameters<ErrorShape>[0]): {
  readonly kind: 'unhealthy' | 'backend' | 'overloaded' | 'validation' | 'tokenizer'
  readonly status?: 424 | 429
} {
  switch (code) {
    case 'queue_full':
      return { kind: 'overloaded', status: 429 }
    case 'session_failed':
    case 'worker_crashed':
      return { kind: 'backend', status: 424 }
    case 'items_invalid':
      return { kind: 'tokenizer' }
    case 'model_unavailable':
      return { kind: 'unhealthy' }
    default:
      return { kind: status < 500 ? 'validation' : 'backend' }
  }
}

/** A problem document with the member that OpenAI's clients read. */
const embeddingsError: ErrorShape = (problem) => {
  const { status, code, field } = problem
  const error = { message: sentenceOf(problem), type: typeAt(status), param: field ?? null, code }
  return { body: { ...problem, error }, status, type: 'application/problem+json' }
}

function typeAt(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  return status < 500 ? 'invalid_request_error' : 'server_error'
}

/** The message, with that of the first invalid item. */
function sentenceOf({ detail, errors }: Parameters<ErrorShape>[0]): string {
  const [first] = errors ?? []
  return first === undefined ? detail : `${detail}: ${first.message} (index ${first.index})`
}
