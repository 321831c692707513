// All versions of a model with their figures side by side, and what can be done with each.
import type { ModelVersion } from '../api/answers.ts'
import { bytes } from '../format/numbers.ts'
import { Panel } from '../parts/panel.tsx'
import { Scroll } from '../parts/scroll.tsx'
import { Ago } from '../parts/time.tsx'
import { fragmentOf } from '../shell/routes.ts'
import { useSession } from '../shell/session.ts'
import type { Asked } from './release-dialog.tsx'
import { roleMeanings } from './roles.ts'
import { accuracyOf, figureColumns, figureText } from './version-figures.ts'

/** The table, newest version first. */
export function VersionsPanel(props: {
  versions: readonly ModelVersion[]
  onAsk: (asked: Asked) => void
  onReport: (version: ModelVersion) => void
}) {
  const ordered = [...props.versions].sort((a, b) => Number(b.version) - Number(a.version))
  const columns = figureColumns(ordered)
  const best = Math.max(...ordered.map((version) => accuracyOf(version) ?? -1))
  return (
    <Panel title="Versions" class="flush">
      <Scroll label="Versions">
        <table class="list versions stack">
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col">Training</th>
              <th scope="col" class="number">
                Accuracy
              </th>
              {columns.map(({ key, name }) => (
                <th key={key} scope="col" class="number">
                  {name}
                </th>
              ))}
              <th scope="col" class="number">
                Size
              </th>
              <th scope="col">
                <span class="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {ordered.map((version) => {
              const accuracy = accuracyOf(version)
              return (
                <tr key={version.version}>
                  <td>
                    <b>{version.model}</b> <Roles version={version} />
                  </td>
                  <td data-name="Training">
                    <Training version={version} />
                  </td>
                  <td data-name="Accuracy" class={accuracy === best ? 'number best' : 'number'}>
                    {figureText(accuracy, true)}
                  </td>
                  {columns.map(({ key, name, isShare }) => (
                    <td key={key} data-name={name} class="number">
                      {figureText(version.metrics[key], isShare)}
                    </td>
                  ))}
                  <td data-name="Size" class="number">
                    {bytes(version.bytes)}
                  </td>
                  <td class="actions-cell">
                    <VersionActions version={version} {...props} />
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  )
}

function Training({ version }: { version: ModelVersion }) {
  const { created, run } = version
  const when = created === null ? 'unknown' : <Ago time={created} />
  return (
    <>
      {run === null ? when : <a href={fragmentOf({ view: 'runs', id: run })}>{when}</a>}
      <small class="under">{methodText(version)}</small>
    </>
  )
}

function methodText({ method, base, precision }: ModelVersion): string {
  return [method ?? 'imported', base, precision].filter((part) => part !== null).join(', ')
}

function Roles({ version }: { version: ModelVersion }) {
  return (
    <>
      {version.state === 'damaged' && <span class="badge bad">damaged</span>}
      {version.roles.map(({ kind, percent }) => (
        <span
          key={kind}
          class={kind === 'champion' ? 'badge good' : 'badge'}
          title={roleMeanings[kind]}
        >
          {kind}
          {percent !== undefined && ` ${percent} %`}
        </span>
      ))}
    </>
  )
}

function VersionActions(props: {
  version: ModelVersion
  onAsk: (asked: Asked) => void
  onReport: (version: ModelVersion) => void
}) {
  const { version, onAsk } = props
  const { me, whyNot } = useSession()
  const reason = whyNot('admin')
  const has = (kind: string) => version.roles.some((role) => role.kind === kind)
  const ask = (action: Asked['action'], name: string, percent?: number) => (
    <button
      type="button"
      class="quiet"
      disabled={reason !== undefined || version.state === 'damaged'}
      title={reason}
      onClick={() => {
        onAsk({ action, version: version.version, ...(percent !== undefined && { percent }) })
      }}
    >
      {name}
    </button>
  )
  return (
    <>
      {version.hasReport && (
        <button
          type="button"
          class="quiet"
          disabled={me.textsMasked}
          title={
            me.textsMasked ? 'Reports quote texts, which your API key sees masked.' : undefined
          }
          onClick={() => {
            props.onReport(version)
          }}
        >
          Report
        </button>
      )}
      {!has('champion') && ask('promote', 'Promote')}
      {!has('champion') &&
        (has('challenger')
          ? ask('challenge', 'End challenge', 0)
          : ask('challenge', 'Challenge', 10))}
      {!has('champion') &&
        (has('shadow') ? ask('shadow', 'End shadow', 0) : ask('shadow', 'Shadow', 100))}
    </>
  )
}
