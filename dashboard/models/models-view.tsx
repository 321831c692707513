// The versions of each model: which one serves, how to go back, how they compare, what happened.
import { useState } from 'preact/hooks'
import type { Models, ModelVersion } from '../api/answers.ts'
import { Answered, Empty } from '../parts/panel.tsx'
import { Segments } from '../parts/segments.tsx'
import { useAnswer } from '../parts/use-answer.ts'
import type { Route } from '../shell/routes.ts'
import { useSession } from '../shell/session.ts'
import { changeQuery } from '../shell/use-route.ts'
import { ChampionCard } from './champion-card.tsx'
import { ComparePanel } from './compare-panel.tsx'
import { ReleaseDialog, type Asked } from './release-dialog.tsx'
import { ReleasesPanel } from './releases-panel.tsx'
import { ReportDialog } from './report-dialog.tsx'
import { VersionsPanel } from './versions-panel.tsx'

/** The Models view. */
export function ModelsView({ route }: { route: Route }) {
  const { gateway, me } = useSession()
  const models = useAnswer((signal) => gateway.models(signal), [me.model ?? ''], {
    refreshMs: 15_000,
    keep: true,
  })
  return (
    <div class="view">
      <header class="view-head">
        <div>
          <h1>Models</h1>
          <p class="lead">Which version serves, how the others compare, and how to go back</p>
        </div>
        <div class="tools">
          <ModelChoice models={models.value} route={route} />
        </div>
      </header>
      <Answered answer={models} rows={12}>
        {(value) => {
          const chosen = chosenModel(value, route)
          return chosen === undefined ? (
            <div class="panel">
              <Empty title="There is no model yet">
                Train one with <code>winnow train --data FILE.jsonl --name NAME --publish</code>.
              </Empty>
            </div>
          ) : (
            <OneModel key={chosen.name} {...chosen} route={route} reload={models.reload} />
          )
        }}
      </Answered>
    </div>
  )
}

function chosenModel(models: Models, { query }: Route) {
  const name = query['model'] ?? models.serving?.split('@')[0]
  return models.models.find((model) => model.name === name) ?? models.models[0]
}

function ModelChoice({ models, route }: { models: Models | undefined; route: Route }) {
  if (models === undefined || models.models.length < 2) return null
  return (
    <Segments
      label="Model"
      choices={models.models.map(({ name }) => ({ key: name, name }))}
      chosen={chosenModel(models, route)?.name ?? ''}
      onChoose={(model) => {
        changeQuery({ model, a: undefined, b: undefined })
      }}
    />
  )
}

function OneModel(props: {
  name: string
  versions: readonly ModelVersion[]
  route: Route
  reload: () => void
}) {
  const { name, versions, route } = props
  const { gateway, refresh } = useSession()
  const [asked, setAsked] = useState<Asked | undefined>(undefined)
  const [report, setReport] = useState<ModelVersion | undefined>(undefined)
  const releases = useAnswer((signal) => gateway.releases(name, signal), [name], {
    refreshMs: 15_000,
    keep: true,
  })
  return (
    <>
      <ChampionCard name={name} versions={versions} releases={releases.value} onAsk={setAsked} />
      <VersionsPanel versions={versions} onAsk={setAsked} onReport={setReport} />
      <div class="columns two">
        <ComparePanel name={name} versions={versions} route={route} />
        <ReleasesPanel name={name} versions={versions} answer={releases} onAsk={setAsked} />
      </div>
      {asked !== undefined && (
        <ReleaseDialog
          name={name}
          asked={asked}
          onClose={() => {
            setAsked(undefined)
          }}
          onDone={() => {
            setAsked(undefined)
            props.reload()
            releases.reload()
            refresh()
          }}
        />
      )}
      {report !== undefined && (
        <ReportDialog
          title={`Report of ${report.model}`}
          load={(signal) => gateway.versionReport(name, report.version, signal)}
          onClose={() => {
            setReport(undefined)
          }}
        />
      )}
    </>
  )
}
