// A report within the dashboard. It is read with the API key, and shown in a frame that may neither
// run scripts nor reach this page.
import { Dialog } from '../parts/dialog.tsx'
import { Answered } from '../parts/panel.tsx'
import { useAnswer } from '../parts/use-answer.ts'

/** A report in a window. */
export function ReportDialog(props: {
  title: string
  load: (signal: AbortSignal) => Promise<string>
  onClose: () => void
}) {
  return (
    <Dialog title={props.title} onClose={props.onClose} isWide>
      <ReportFrame title={props.title} load={props.load} />
    </Dialog>
  )
}

/** A report as a part of a view. */
export function ReportFrame(props: {
  title: string
  load: (signal: AbortSignal) => Promise<string>
}) {
  const report = useAnswer(props.load, [props.title])
  return (
    <Answered answer={report} rows={12}>
      {(html) => <iframe class="report" title={props.title} sandbox="" srcDoc={html} />}
    </Answered>
  )
}
