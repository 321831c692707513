// A process that fine-tunes the tiny encoder with checkpoints, writes the resulting model, and
// kills itself (-9) at the given point: node fine-tuning-child.ts DIR POINT [SEED].
import { kill, pid } from 'node:process'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { InferenceSession } from 'onnxruntime-node'
import { buildClassifier } from '../../models/graph/encoder.ts'
import { writeOnnx } from '../../models/graph/onnx/onnx-writer.ts'
import { withTrained } from '../../models/graph/trained-weights.ts'
import { defaultRecipe } from '../../trainers/encoder/fine-tuning-task.ts'
import { fineTune } from '../../trainers/encoder/fine-tuning.ts'
import { labelledTexts, tinyTask } from './tiny-task.ts'

const [dir = '', point = '', seed = '1'] = process.argv.slice(2)
const stepsPerEpoch = 10
const die = (): void => void kill(pid, 'SIGKILL')

/** Once armed, the process dies during the next call of the runtime. */
function armRuntime(): { arm: () => void } {
  let armed = false
  // The type of the exported class hides its prototype.
  const { prototype } = InferenceSession as unknown as { prototype: object }
  const run = Reflect.get(prototype, 'run') as (...call: unknown[]) => Promise<unknown>
  Reflect.set(prototype, 'run', function (this: unknown, ...call: unknown[]) {
    const running = run.apply(this, call)
    if (armed) die()
    return running
  })
  return { arm: () => (armed = true) }
}

function armFsync(callToDieIn: number): void {
  const { fsyncSync } = fs
  let calls = 0
  fs.fsyncSync = (file) => (++calls === callToDieIn ? die() : fsyncSync(file))
  syncBuiltinESMExports()
}

const rates = { encoderRate: 1e-2, headRate: 3e-2, batchTexts: 16 }
const task = tinyTask({
  frozenLayers: 1,
  seed: Number(seed),
  train: labelledTexts(16 * stepsPerEpoch, 1),
  validation: labelledTexts(60, 2),
  recipe: { ...defaultRecipe, ...rates, epochs: 3, patienceEpochs: 3 },
  statesDir: dir,
  checkpoint: { path: join(dir, 'checkpoint'), identity: { seed }, everySteps: 4 },
})
const runtime = armRuntime()
const result = await fineTune(task, {
  isCancelled: () => false,
  onProgress(progress) {
    if (progress.kind === 'freezing' && point === 'freezing') die()
    if (progress.kind === 'epoch' && progress.epoch === 2 && point === 'epoch') die()
    if (progress.kind !== 'step') return
    // A checkpoint calls fsync for the file and for its folder: the third call is in the second.
    if (point === 'checkpoint' && progress.step === 1) armFsync(3)
    if (point === 'step' && progress.step === 7) runtime.arm()
    if (point === 'validation' && progress.step === stepsPerEpoch) runtime.arm()
  },
})
const trained = withTrained(task.weights, task.head, result.trained)
const graph = buildClassifier(trained.encoder, trained.head, {
  padding: 'lengths',
  normalize: true,
})
fs.writeFileSync(join(dir, 'model.onnx'), writeOnnx(graph, { name: 'classifier' }))
