// The version that serves, since when, and the way back to the one before.
import type { ModelVersion, Releases } from '../api/answers.ts'
import { percent } from '../format/numbers.ts'
import { dayTime } from '../format/times.ts'
import { Icon } from '../parts/icon.tsx'
import { Ago } from '../parts/time.tsx'
import { useSession } from '../shell/session.ts'
import { accuracyOf } from './version-figures.ts'
import type { Asked } from './release-dialog.tsx'
import { reignsOf } from './reigns.ts'
import { withRole } from './roles.ts'

/** The card on top of a model. */
export function ChampionCard(props: {
  name: string
  versions: readonly ModelVersion[]
  releases: Releases | undefined
  onAsk: (asked: Asked) => void
}) {
  const { name, versions, onAsk } = props
  const { me, whyNot } = useSession()
  const reason = whyNot('admin')
  const served = versions.find(({ model }) => model === me.model)
  const champion = withRole(versions, 'champion') ?? served
  const isPinned = served?.roles.some(({ kind }) => kind === 'pinned') === true
  const reigns = reignsOf(props.releases?.releases ?? [])
  const now = reigns.find(({ version }) => version === champion?.version)
  const before =
    withRole(versions, 'previous')?.version ??
    reigns.find(({ version }) => version !== champion?.version)?.version
  const past = reigns.find(({ version, to }) => version === before && to !== undefined)
  if (champion === undefined) {
    return (
      <section class="panel champion" aria-label="Champion">
        <p>No version of {name} serves. Promote one below.</p>
      </section>
    )
  }
  const accuracy = accuracyOf(champion)
  return (
    <section class="panel champion" aria-label="Champion">
      <div>
        <p class="champion-name">
          <b>{champion.model}</b>{' '}
          <span class="badge good">
            {isPinned && champion !== served ? 'champion' : 'serves now'}
          </span>
        </p>
        <p class="champion-facts">
          {now !== undefined && (
            <span>
              since <Ago time={now.from} />
            </span>
          )}
          {accuracy !== null && <span>accuracy {percent(accuracy)}</span>}
          <span>{champion.labels.length} labels</span>
        </p>
        {isPinned && (
          <p class="note">
            The configuration of this gateway names {served.model}, so a promotion does not change
            what it answers with.
          </p>
        )}
      </div>
      {before !== undefined && (
        <div class="way-back">
          <button
            type="button"
            class="primary"
            disabled={reason !== undefined}
            title={reason}
            onClick={() => {
              onAsk({ action: 'rollback', version: before })
            }}
          >
            <Icon name="back" /> Go back to {name}@{before}
          </button>
          <small>
            {past?.to === undefined
              ? 'It served before'
              : `It served from ${dayTime(past.from)} to ${dayTime(past.to)}`}
          </small>
          {reason !== undefined && <small>{reason}</small>}
        </div>
      )}
    </section>
  )
}
