// What a run was made with besides its data and settings: the releases and the machine.
import { availableParallelism, cpus, totalmem } from 'node:os'
import { packageVersion } from '../../configs/package-version.ts'
import { onnxRuntimeVersion } from '../../models/runtime/onnx-runtime.ts'

/** The code and the machine of a run, as its record has them. */
export type RunEnvironment = {
  /** Releases. */
  readonly winnow: string
  readonly node: string
  readonly onnxRuntime: string
  /** System and processor as Node names them, such as `linux-x64`. */
  readonly platform: string
  /** The model of the processor, if the system tells it. */
  readonly processor: string | null
  /** Cores that this process may use. */
  readonly cores: number
  readonly memoryBytes: number
}

/** The environment of this process. */
export function runEnvironment(): RunEnvironment {
  return {
    winnow: packageVersion(),
    node: process.versions.node,
    onnxRuntime: onnxRuntimeVersion,
    platform: `${process.platform}-${process.arch}`,
    processor: cpus()[0]?.model ?? null,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
  }
}
