// Classify texts now, with one version or two side by side, or send a whole file to the stream.
import { useMemo, useState } from 'preact/hooks'
import type { Models } from '../api/answers.ts'
import { Failure } from '../parts/panel.tsx'
import { Choice, Segments } from '../parts/segments.tsx'
import { useAnswer } from '../parts/use-answer.ts'
import type { Route } from '../shell/routes.ts'
import { useSession, type Session } from '../shell/session.ts'
import { changeQuery } from '../shell/use-route.ts'
import { FilePanel } from './file-panel.tsx'
import { textsOf } from './input-texts.ts'
import { TryResults, type Tried } from './try-results.tsx'

/** The Try it view. */
export function TryView({ route }: { route: Route }) {
  const tab = route.query['tab'] === 'file' ? 'file' : 'text'
  return (
    <div class="view">
      <header class="view-head">
        <div>
          <h1>Try it</h1>
          <p class="lead">
            {tab === 'text'
              ? 'Classify texts now; nothing is stored'
              : 'Send a file to the stream and download its labels'}
          </p>
        </div>
        <div class="tools">
          <Segments
            label="What to classify"
            choices={[
              { key: 'text', name: 'Texts' },
              { key: 'file', name: 'A file' },
            ]}
            chosen={tab}
            onChoose={(key) => {
              changeQuery({ tab: key === 'text' ? undefined : key })
            }}
          />
        </div>
      </header>
      {tab === 'text' ? <TextPanel route={route} /> : <FilePanel />}
    </div>
  )
}

const examples = [
  'You have been selected! Claim your FREE cruise today, click here before midnight.',
  'Hi Tom, can we move the meeting to Thursday? The draft is attached.',
]

function TextPanel({ route }: { route: Route }) {
  const { gateway } = useSession()
  const [text, setText] = useState(route.query['text'] ?? '')
  const [isByLine, setIsByLine] = useState(false)
  const [tried, setTried] = useState<Tried | undefined>(undefined)
  const [error, setError] = useState<unknown>(undefined)
  const [isRunning, setIsRunning] = useState(false)
  const texts = useMemo(() => textsOf(text, isByLine), [text, isByLine])
  const [first, second] = [route.query['model'] ?? '', route.query['with'] ?? '']
  const run = async (): Promise<void> => {
    if (texts.length === 0) return
    setIsRunning(true)
    setError(undefined)
    try {
      setTried(await classifyBoth(gateway, { texts, first, second }))
    } catch (failure) {
      setError(failure)
    } finally {
      setIsRunning(false)
    }
  }
  return (
    <>
      <form
        class="panel try-form"
        onSubmit={(event) => {
          event.preventDefault()
          void run()
        }}
      >
        <label class="field wide">
          <span>{isByLine ? 'Texts, one per line' : 'Text'}</span>
          <textarea
            rows={6}
            value={text}
            placeholder="Type or paste a text"
            onInput={(event) => {
              setText(event.currentTarget.value)
            }}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void run()
            }}
          />
        </label>
        <TryTools
          route={route}
          isByLine={isByLine}
          onByLine={setIsByLine}
          count={texts.length}
          isRunning={isRunning}
        />
        {text === '' && (
          <p class="examples">
            Or take an example:{' '}
            {examples.map((example) => (
              <button
                key={example}
                type="button"
                class="link"
                onClick={() => {
                  setText(example)
                }}
              >
                {example.slice(0, 32)}…
              </button>
            ))}
          </p>
        )}
      </form>
      {error !== undefined && <Failure error={error} retry={() => void run()} />}
      {tried !== undefined && <TryResults tried={tried} key={JSON.stringify(tried.texts)} />}
    </>
  )
}

/** Model, comparison and the button. */
function TryTools(props: {
  route: Route
  isByLine: boolean
  onByLine: (isByLine: boolean) => void
  count: number
  isRunning: boolean
}) {
  const { count, isRunning } = props
  const { gateway, me, whyNot } = useSession()
  const models = useAnswer((signal) => gateway.models(signal), [me.model ?? ''], { keep: true })
  const references = referencesOf(models.value)
  const reason = whyNot('read')
  const { model: first = '', with: second = '' } = props.route.query
  return (
    <div class="try-tools">
      <label class="check">
        <input
          type="checkbox"
          checked={props.isByLine}
          onChange={(event) => {
            props.onByLine(event.currentTarget.checked)
          }}
        />
        One text per line
      </label>
      <Choice
        label="Model"
        value={first}
        choices={[
          { value: '', name: me.model === null ? 'Serving model' : `${me.model}, serving` },
          ...references,
        ]}
        onChoose={(model) => {
          changeQuery({ model })
        }}
      />
      <Choice
        label="Compare with"
        value={second}
        choices={[{ value: '', name: 'nothing' }, ...references]}
        onChoose={(model) => {
          changeQuery({ with: model })
        }}
      />
      <button
        type="submit"
        class="primary"
        disabled={isRunning || count === 0 || reason !== undefined}
        title={reason ?? 'Control + Enter'}
      >
        {isRunning ? 'Classifying…' : count > 1 ? `Classify ${count}` : 'Classify'}
      </button>
    </div>
  )
}

function referencesOf(models: Models | undefined) {
  return (models?.models ?? []).flatMap(({ versions }) =>
    versions.map(({ model, roles }) => ({
      value: model,
      name: roles[0] === undefined ? model : `${model}, ${roles[0].kind}`,
    })),
  )
}

async function classifyBoth(
  gateway: Session['gateway'],
  request: { texts: readonly string[]; first: string; second: string },
): Promise<Tried> {
  const { texts, first, second } = request
  const by = (model: string) => gateway.classify({ texts, ...(model !== '' && { model }) })
  const [a, b, tokens] = await Promise.all([
    by(first),
    second === '' ? undefined : by(second),
    // The tokens are an extra: the labels are shown without them too.
    gateway.tokenize({ texts, ...(first !== '' && { model: first }) }).catch(() => undefined),
  ])
  return { texts, a, b, tokens }
}
