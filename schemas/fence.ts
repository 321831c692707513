// A fence: the proof that a consumer is the latest owner of its partitions, checked where rows
// land. It owns the shape only; raising and checking it is infra/sinks/partition-fence.ts.

/**
 * The fencing token of one assignment (Kleppmann, How to do distributed locking, 2016). It becomes
 * old when a fence is raised for one of its partitions: by another consumer of the group, or by its
 * owner after a write of which it does not know how it ended.
 */
export type Fence = {
  readonly group: string
  readonly topic: string
  readonly partitions: readonly number[]
  readonly token: string
}
