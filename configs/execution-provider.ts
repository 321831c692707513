// What computes a model: ONNX Runtime's execution providers, as far as Winnow uses them.

/** The providers; `cpu` is part of every installation. */
export const executionProviders = ['cpu', 'webgpu', 'cuda', 'tensorrt'] as const

/** What computes a model. */
export type ExecutionProvider = (typeof executionProviders)[number]

/** A provider that needs a device of its own. */
export type DeviceProvider = Exclude<ExecutionProvider, 'cpu'>
