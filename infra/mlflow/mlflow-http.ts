// Requests to an MLflow server: one address, credentials, a deadline, a limit on answers and
// retries. Redirects are refused, so that no answer leads the client to another host. Which
// requests there are is mlflow.ts, mlflow-artifacts.ts and mlflow-models.ts.
import { z } from 'zod'
import { connectionProblem } from '../../configs/connection-problem.ts'
import type { Config } from '../../configs/schema.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { boundedText, isTransient, serverOf, severalTimes } from '../http-server.ts'

/** The configuration of a server that is in use. */
export type MlflowSettings = Pick<
  Config['tracking']['mlflow'],
  'username' | 'password' | 'token' | 'requestMsMax'
> & { readonly url: string }

/** How patient a client is. */
export type MlflowPatience = {
  /** Default 4. A caller that tries again later gives 1. */
  readonly tries?: number | undefined
  /** Ends a request that is under way. */
  readonly signal?: AbortSignal | undefined
}

/** One request. It has a body, a query or neither. */
export type MlflowRequest<Answer> = {
  /** Default POST with a body, else GET. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | undefined
  readonly body?: object | undefined
  readonly query?: Readonly<Record<string, string>> | undefined
  /** The form of the answer. */
  readonly answer: z.ZodType<Answer>
}

/** The server; nothing to close. All throw `tracking_unavailable` and `tracking_refused`. */
export type MlflowHttp = {
  /** The server's address without credentials. */
  readonly url: string
  /** Calls a path of the REST API 2.0, such as `runs/create`. */
  call<Answer>(path: string, request: MlflowRequest<Answer>): Promise<Answer>
  /** Sends bytes to a path below the server's address. */
  put(path: string, bytes: Blob): Promise<void>
}

/** A page of the largest search takes less than a tenth. */
const answerBytesMax = 4_194_304
/** A slower line cannot carry artifacts before the deadline. */
const uploadBytesPerMs = 200

/** Creates the client. */
export function createMlflowHttp(
  config: MlflowSettings,
  { tries, signal }: MlflowPatience = {},
): MlflowHttp {
  const { url, headers } = serverOf(config)
  const send = async (
    address: string,
    { bytes = 0, ...init }: RequestInit & { readonly bytes?: number },
  ): Promise<string> => {
    const uploadMs = Math.ceil(bytes / uploadBytesPerMs)
    const deadline = AbortSignal.timeout(config.requestMsMax + uploadMs)
    const request = {
      ...init,
      redirect: 'manual' as const,
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
    }
    const attempt = async (): Promise<string> => {
      const response = await fetch(address, request)
      const text = await boundedText(response, answerBytesMax)
      if (text === undefined) throw new TooLarge()
      if (!response.ok) throw new Refusal(response, text)
      return text
    }
    const isOver = (error: unknown): boolean => signal?.aborted === true || isFinal(error)
    return severalTimes(attempt, { tries, isFinal: isOver }).catch((cause: unknown) => {
      throw failureOf(cause, url)
    })
  }
  return {
    url,
    async call(path, { method, body, query, answer }) {
      const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`
      const text = await send(`${url}/api/2.0/mlflow/${path}${search}`, {
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: { ...headers, accept: 'application/json', 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
      })
      return parsedAnswer(text, { answer, url })
    },
    async put(path, bytes) {
      const type = { 'content-type': 'application/octet-stream' }
      const init = { method: 'PUT', headers: { ...headers, ...type }, body: bytes }
      await send(`${url}/${path}`, { ...init, bytes: bytes.size })
    },
  }
}

/** MLflow's code for a refusal, such as RESOURCE_DOES_NOT_EXIST. */
export function refusalCode(error: unknown): string | undefined {
  const cause = error instanceof WinnowError ? error.cause : undefined
  return cause instanceof Refusal ? cause.code : undefined
}

/** The server answered with a status other than success. */
class Refusal extends Error {
  readonly status: number
  readonly code: string | undefined

  constructor(response: Response, text: string) {
    const { error_code: code, message } = refusalOf(text)
    const target = redirectTarget(response)
    super(
      target === undefined
        ? `it answered with status ${response.status}${message === undefined ? '' : `: ${message}`}`
        : `it redirects to ${target}, which is not followed; set tracking.mlflow.url to the address ` +
            'that answers itself',
    )
    this.status = response.status
    this.code = code
  }
}

class TooLarge extends Error {
  constructor() {
    super(`its answer is larger than ${answerBytesMax} bytes`)
  }
}

/** Where a redirect leads, without what may be secret in it. */
function redirectTarget(response: Response): string | undefined {
  if (response.status < 300 || response.status > 399) return undefined
  const { host } = URL.parse(response.headers.get('location') ?? '', response.url) ?? {}
  return host === undefined || host === '' ? 'another address' : host
}

/** The longest part of a server's own words that is shown. */
const messageCharactersMax = 500

const refusalSchema = z.looseObject({
  error_code: z.string().optional(),
  message: z
    .string()
    .transform((text) => text.replace(/\p{Cc}+/gu, ' ').slice(0, messageCharactersMax))
    .optional(),
})

function refusalOf(text: string): z.output<typeof refusalSchema> {
  try {
    return refusalSchema.parse(JSON.parse(text))
  } catch {
    return {} // A proxy's error page.
  }
}

function isFinal(error: unknown): error is Refusal | TooLarge {
  return error instanceof TooLarge || (error instanceof Refusal && !isTransient(error.status))
}

function failureOf(cause: unknown, url: string): WinnowError {
  if (isFinal(cause)) {
    const message = `MLflow at ${url} refused a request: ${cause.message}`
    return new WinnowError('tracking_refused', message, { cause })
  }
  const message = `MLflow at ${url} cannot be used: ${connectionProblem(cause)}`
  return new WinnowError('tracking_unavailable', message, { cause })
}

function parsedAnswer<Answer>(
  text: string,
  { answer, url }: { answer: z.ZodType<Answer>; url: string },
): Answer {
  try {
    return answer.parse(text === '' ? {} : JSON.parse(text))
  } catch (cause) {
    const message = `What answers at ${url} is not MLflow's REST API.`
    throw new WinnowError('tracking_refused', message, { cause })
  }
}
