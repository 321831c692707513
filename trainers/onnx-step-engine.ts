// Training steps on ONNX Runtime: one session for each graph. It owns the sessions; what they are fed
// is the trainer's.
import { InferenceSession } from 'onnxruntime-node'
import { writeOnnx } from '../models/graph/onnx-writer.ts'
import { sessionOptions } from '../models/session-options.ts'
import type { NamedTensors, OpenStepEngine } from './step-engine.ts'

/** Opens both graphs; the runtime's failures come as they are. */
export const openOnnxStepEngine: OpenStepEngine = async (graphs, { threads }) => {
  const options = { ...sessionOptions, intraOpNumThreads: threads }
  const open = (name: 'step' | 'measuring'): Promise<InferenceSession> =>
    InferenceSession.create(writeOnnx(graphs[name], { name }), options)
  const step = await open('step')
  const measuring = await open('measuring')
  const runner = (session: InferenceSession) => {
    return async (feeds: NamedTensors, fetches: NamedTensors): Promise<void> => {
      await session.run(feeds, fetches)
    }
  }
  return {
    runtime: `ONNX Runtime (${threads === 1 ? 'one thread' : `${threads} threads`})`,
    step: runner(step),
    predict: runner(measuring),
    async close() {
      await step.release()
      await measuring.release()
    },
  }
}
