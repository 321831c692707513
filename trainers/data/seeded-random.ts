// The random number generator under the name that the trainers import.
export { seededRandom, type SeededRandom } from '../../models/runtime/seeded-random.ts'
