// The routes of labelling: what to label next, similar events, and how well people label.
// POST /v1/labels (gateway/events/) takes the labels.
import type { LabellingReader } from '../../schemas/ports/labelling-reader.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'
import type { ModelControl } from '../models/model-control.ts'
import { addLabelQualityRoutes } from './quality-routes.ts'
import { addQueueRoute } from './queue-route.ts'
import { addSimilarRoute } from './similar-route.ts'

/** Adds the routes of labelling. */
export function addLabellingRoutes(
  app: Gateway,
  options: RouteOptions & { readonly labelling: LabellingReader; readonly models: ModelControl },
): void {
  addQueueRoute(app, options)
  addSimilarRoute(app, options)
  addLabelQualityRoutes(app, options)
}
