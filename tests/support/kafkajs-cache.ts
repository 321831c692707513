// Gives a test a kafkajs of its own, to see it with and without a patch.

/** Takes the modules of kafkajs out of the cache of `require`, and returns them. */
export function takeKafkajsFromCache(require: NodeJS.Require): NodeJS.Dict<NodeJS.Module> {
  const entries = Object.entries(require.cache).filter(([path]) => /\/kafkajs\//.test(path))
  for (const [path] of entries) Reflect.deleteProperty(require.cache, path)
  return Object.fromEntries(entries)
}
