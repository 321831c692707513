// The routes of the gateway as types, for openapi-fetch. Generated from GET /openapi.json by
// `npm run docs:client`; do not edit.
export interface paths {
  '/': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * The dashboard
     * @description The dashboard.
     */
    get: operations['getRoot']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/assets/{file}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * A file of the dashboard
     * @description A file of the dashboard.
     */
    get: operations['getAssetsByFile']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/docs': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * This description as pages
     * @description This description as pages.
     */
    get: operations['getDocs']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/docs/{file}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * A file of the pages of the API
     * @description A file of the pages of the API.
     */
    get: operations['getDocsByFile']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/livez': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Check that the process is running
     * @description Check that the process is running.
     */
    get: operations['getLivez']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/metrics': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Metrics in Prometheus text format
     * @description Metrics in Prometheus text format.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getMetrics']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/openapi.json': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * This document
     * @description This document.
     */
    get: operations['getOpenapiJson']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/predict': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * text-embeddings-inference: classify texts
     * @description The model that serves answers, with all labels of each text.
     *
     *     Needs a key with the scope `read`.
     */
    post: operations['postPredict']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/readyz': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Check the gateway's dependencies
     * @description Each check has 2000 ms; a response is cached for 1000 ms.
     */
    get: operations['getReadyz']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/analytics/balance': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Whether every record of a topic has an outcome
     * @description Whether every record of a topic has an outcome.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getAnalyticsBalance']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/analytics/lag': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * How far consumers are behind
     * @description How far consumers are behind.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getAnalyticsLag']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/analytics/summary': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * What the stream did in a window of time
     * @description What the stream did in a window of time.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getAnalyticsSummary']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/audit': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * What administrators did
     * @description One entry for each action of a caller with the scope admin, whether it was done, refused or failed.
     *
     *     Needs a key with the scope `admin`.
     */
    get: operations['getAudit']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/classify': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Classify texts now
     * @description Returns results in the order of the texts. Stores nothing and does not use Kafka.
     *
     *     Needs a key with the scope `read`.
     */
    post: operations['postClassify']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/dead-letters': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Dead letters, newest first
     * @description Dead letters, newest first.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getDeadLetters']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/dead-letters/{id}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * The latest dead letter of one event, with its payload
     * @description The latest dead letter of one event, with its payload.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getDeadLettersById']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/dead-letters/replay': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Send the events of dead letters again
     * @description Sends each event once more to its topic, at most 500 per request. What was sent before and has no outcome yet is skipped, so a request may be repeated. Reasons: already_sent, expired (the record is no longer on the topic, and the dead letter holds only a part), unreadable, topic_remade, not_an_input, too_large.
     *
     *     Needs a key with the scope `admin`.
     */
    post: operations['postDeadLettersReplay']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/embeddings': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * OpenAI: embed texts
     * @description Returns what the encoder of a model gives for each text, pooled as the model was trained. Imported models give none. Errors have the member `error` of OpenAI too.
     *
     *     Needs a key with the scope `read`.
     */
    post: operations['postEmbeddings']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/events': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Send events to the stream
     * @description One event, an array, NDJSON, CSV, or CloudEvents 1.0 (structured, batched, or in binary mode with ce- headers), with at most gateway.batchEventsMax events. All events are checked first; if one is invalid, nothing is published. The response is 202 once the broker has acknowledged all events. After 503 or 504 some may have been published: repeat the same body with the same Idempotency-Key, and repeated events are dropped.
     *
     *     Needs a key with the scope `ingest`.
     */
    post: operations['postEvents']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/explain': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Explain a label
     * @description Says which words of a text led the model to its label, as `winnow explain --json` does. An explanation costs as much as 50 to 2,000 classifications. One text is explained at a time, and at most gateway.explainQueueMax wait.
     *
     *     Needs a key with the scope `read`.
     */
    post: operations['postExplain']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/hooks/{name}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Take a webhook of another system
     * @description The mapping of this name in gateway.hooks says where in the JSON body the fields of the events are. If the hook has a secret, the body must be signed with HMAC-SHA256, and no key is needed.
     *
     *     Needs a key with the scope `ingest`.
     */
    post: operations['postHooksByName']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/labelling/agreement': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * How far people agree
     * @description People by their number of labels, and for each two the agreement and Cohen's kappa on the events that both labelled. The latest label of a person counts.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getLabellingAgreement']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/labelling/queue': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Events to label next
     * @description Chooses among the newest events of a model those whose label is worth most. Events that a person has labelled are left out, and of texts that are almost the same one is given. POST /v1/labels takes the labels.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getLabellingQueue']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/labelling/similar/{id}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Events with similar texts
     * @description The events of the same model that nobody has labelled yet, with the most similar texts, among the newest.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getLabellingSimilarById']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/labelling/suspicious': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Labels of people that a model contradicts
     * @description The model is sure of a label that the person did not give; either may be wrong.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getLabellingSuspicious']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/labels': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Label events
     * @description Labels that people give to event ids: one, an array, or NDJSON, with at most gateway.batchEventsMax labels. The latest label of a person counts; a null label withdraws it. A label that neither the serving model nor the newest version of a model in the store has is refused (`label_unknown`) unless `newLabel` is true. The response is 202 once the broker has acknowledged all labels; repeating a request changes nothing.
     *
     *     Needs a key with the scope `ingest`.
     */
    post: operations['postLabels']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/me': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * What the caller may do
     * @description The scopes of the API key, and what this gateway offers. Any valid key will do.
     */
    get: operations['getMe']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/models': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * All models and their versions
     * @description What the model store of the gateway holds. Kept for two seconds.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getModels']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/models/{name}/challenge': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Let a version answer for a share of the events
     * @description The version answers instead of the champion for a share of the events, drawn by their ids. It must pass the gate. 0 percent ends the role.
     *
     *     Needs a key with the scope `admin`.
     */
    post: operations['postModelsByNameChallenge']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/models/{name}/compare': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Two versions side by side
     * @description Compares two versions on the events that both classified, one of them as a shadow.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getModelsByNameCompare']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/models/{name}/promote': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Make a version the champion
     * @description Makes a version the champion, as `winnow models promote` does. The version must have passed the gate, or pass it now by its recorded metrics; `force` overrules a refusal.
     *
     *     Needs a key with the scope `admin`.
     */
    post: operations['postModelsByNamePromote']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/models/{name}/releases': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * What happened to a model
     * @description What happened to a model.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getModelsByNameReleases']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/models/{name}/rollback': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Go back to the previous champion
     * @description Makes the previous champion the champion again.
     *
     *     Needs a key with the scope `admin`.
     */
    post: operations['postModelsByNameRollback']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/models/{name}/shadow': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Let a version classify a share of the events for comparison
     * @description The version also classifies a share of the events, drawn by their ids, and answers for none. 0 percent ends the role.
     *
     *     Needs a key with the scope `admin`.
     */
    post: operations['postModelsByNameShadow']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/models/{name}/versions/{version}/report': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * The report of a version
     * @description The report of a version.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getModelsByNameVersionsByVersionReport']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/results': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Stored results, newest first
     * @description Stored results, newest first.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getResults']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/results/{id}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Results of one event
     * @description Results of one event.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getResultsById']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/runs': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Runs of train, cv and tune
     * @description Runs of train, cv and tune.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getRuns']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/runs/{run}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * One run with its epochs, folds or trials
     * @description One run with its epochs, folds or trials.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getRunsByRun']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/runs/{run}/report': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * The report of a run
     * @description The report of a run.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getRunsByRunReport']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/stream': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Results as they land
     * @description Server-sent events. `ready` comes first; each `result` has a Result as its data; `closed` says why the gateway ends the stream: slow_reader, shutdown, unavailable, or unauthorized for a key that was revoked or has expired. Comments keep the connection open.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getStream']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/tokenize': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Show the tokens of texts
     * @description Returns the tokens that a model reads of each text, with their places in the text as it was sent. Texts are cleaned first, as in the stream.
     *
     *     Needs a key with the scope `read`.
     */
    post: operations['postTokenize']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v2': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Open Inference Protocol: the server
     * @description Open Inference Protocol: the server.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getV2']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v2/health/live': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Open Inference Protocol: whether the process answers
     * @description Open Inference Protocol: whether the process answers.
     */
    get: operations['getV2HealthLive']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v2/health/ready': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Open Inference Protocol: whether models can be asked
     * @description Kafka and ClickHouse do not matter here; see /readyz.
     */
    get: operations['getV2HealthReady']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v2/models/{name}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Open Inference Protocol: the tensors of a model
     * @description Open Inference Protocol: the tensors of a model.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getV2ModelsByName']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v2/models/{name}/infer': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Open Inference Protocol: classify texts
     * @description Takes one BYTES tensor of texts. The outputs are `label`, `score`, `probabilities` and `logits`. Tensors may be binary: they follow the JSON, whose length Inference-Header-Content-Length gives.
     *
     *     Needs a key with the scope `read`.
     */
    post: operations['postV2ModelsByNameInfer']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v2/models/{name}/ready': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Open Inference Protocol: whether there is a model
     * @description A version that is not open yet is ready too: the first request opens it.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getV2ModelsByNameReady']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v2/models/{name}/versions/{version}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Open Inference Protocol: the tensors of a model of one version
     * @description Open Inference Protocol: the tensors of a model of one version.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getV2ModelsByNameVersionsByVersion']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v2/models/{name}/versions/{version}/infer': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Open Inference Protocol: classify texts of one version
     * @description Takes one BYTES tensor of texts. The outputs are `label`, `score`, `probabilities` and `logits`. Tensors may be binary: they follow the JSON, whose length Inference-Header-Content-Length gives.
     *
     *     Needs a key with the scope `read`.
     */
    post: operations['postV2ModelsByNameVersionsByVersionInfer']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v2/models/{name}/versions/{version}/ready': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Open Inference Protocol: whether there is a model of one version
     * @description A version that is not open yet is ready too: the first request opens it.
     *
     *     Needs a key with the scope `read`.
     */
    get: operations['getV2ModelsByNameVersionsByVersionReady']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
}
export type webhooks = Record<string, never>
export interface components {
  schemas: {
    /**
     * @example {
     *       "ids": [
     *         "0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
     *       ]
     *     }
     */
    AcceptedEvents: {
      ids: string[]
    }
    /**
     * @example {
     *       "accepted": 1
     *     }
     */
    AcceptedLabels: {
      accepted: number
      /** @description How many labels were accepted unchecked because no model is known; absent if none. */
      unchecked?: number
    }
    /**
     * @example {
     *       "entries": [
     *         {
     *           "at": "2026-01-31T12:00:00.000Z",
     *           "requestId": "0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1",
     *           "by": "operations",
     *           "action": "models.promote",
     *           "target": "mail@2",
     *           "outcome": "done",
     *           "reason": "better on refunds",
     *           "code": "",
     *           "message": ""
     *         }
     *       ]
     *     }
     */
    AuditEntries: {
      entries: {
        /** @description For example models.promote. */
        action: string
        /** Format: date-time */
        at: string
        /** @description The name of the API key, or gateway where it has no keys. */
        by: string
        /** @description The error code; empty if it was done. */
        code: string
        /** @description The sentence of the refusal. */
        message: string
        /**
         * @description refused by one of Winnow's rules, or failed for another reason.
         * @enum {string}
         */
        outcome: 'done' | 'refused' | 'failed'
        /** @description Why, in the words of the caller. */
        reason: string
        /** @description The X-Request-Id of the request. */
        requestId: string
        /** @description What it was done to, for example mail@2. */
        target: string
      }[]
    }
    AwaitedEvents: {
      /** @description The events that were rejected in the stream, and why. */
      deadLetters?: {
        code: string
        id: string
        message: string
      }[]
      /** @description In the order of the request, as are the results. */
      ids: string[]
      /** @description Ids without an outcome when the wait ended; read them at /v1/results/{id}. */
      pending?: string[]
      /** @description The newest result of each event; null if it has none. */
      results: (components['schemas']['Result'] | null)[]
    }
    /**
     * @example {
     *       "texts": [
     *         "My invoice is wrong",
     *         "Cheap watches, click here"
     *       ]
     *     }
     */
    ClassifyRequest: {
      /** @description NAME, NAME@VERSION or NAME@champion: a version of the store, which is opened on demand. By default, and if it is called NAME, the model that serves answers. */
      model?: string
      /** @description At most gateway.classifyTextsMax texts. */
      texts: string[]
    }
    /**
     * @example {
     *       "model": "mail@1",
     *       "results": [
     *         {
     *           "label": "ham",
     *           "score": 0.98,
     *           "labels": [
     *             "ham"
     *           ],
     *           "outOfScope": 0.02,
     *           "probabilities": {
     *             "ham": 0.98,
     *             "spam": 0.02
     *           },
     *           "tokens": 6,
     *           "truncated": false,
     *           "answeredBy": ""
     *         }
     *       ]
     *     }
     */
    ClassifyResponse: {
      /** @description NAME@VERSION of the model that answered. */
      model: string
      results: (
        | {
            /**
             * @description The model of a cascade that answered, small or full; empty for other versions.
             * @enum {string}
             */
            answeredBy: 'small' | 'full' | ''
            label: string
            /** @description All labels that apply: several, or none, with a multi-label model. */
            labels: string[]
            /** @description How far the text is from what the model knows, 0 to 1. */
            outOfScope: number
            probabilities: {
              [key: string]: number
            }
            /** @description Probability of the most probable label. */
            score: number
            tokens: number
            /** @description Whether the model read only the start of the text. */
            truncated: boolean
          }
        | {
            error: {
              code: string
              message: string
            }
          }
      )[]
    }
    /**
     * @description A CloudEvent 1.0 in JSON. Extensions become attributes of the event.
     * @example {
     *       "specversion": "1.0",
     *       "id": "a-1",
     *       "source": "/shop/mail",
     *       "type": "com.example.mail.received",
     *       "time": "2025-01-31T12:00:00Z",
     *       "data": {
     *         "text": "My invoice is wrong"
     *       }
     *     }
     */
    CloudEvent: {
      /** @description The text, or an object with text and perhaps label and attributes. */
      data:
        | string
        | ({
            text: string
          } & {
            [key: string]: unknown
          })
      id: string
      source: string
      /** @constant */
      specversion: '1.0'
      type: string
    } & {
      [key: string]: unknown
    }
    /**
     * @example {
     *       "consumers": [
     *         {
     *           "group": "winnow.validate..infer",
     *           "stage": "validate..infer",
     *           "topic": "winnow.events",
     *           "lag": 2,
     *           "partitions": [
     *             {
     *               "partition": 0,
     *               "lag": 2,
     *               "committed": 40,
     *               "end": 42
     *             }
     *           ]
     *         }
     *       ]
     *     }
     */
    ConsumerLag: {
      consumers: {
        group: string
        /** @description Records that it has not committed yet. */
        lag: number
        partitions: {
          /** @description The next offset; null before the first commit. */
          committed: number | null
          /** @description The offset after the last record. */
          end: number
          lag: number
          partition: number
        }[]
        /** @description The stages that the group runs, such as validate..infer. */
        stage: string
        topic: string
      }[]
    }
    /**
     * @example {
     *       "id": "winnow.events/3/17",
     *       "code": "text_empty",
     *       "stage": "validate",
     *       "attempt": 0,
     *       "model": null,
     *       "open": true,
     *       "rejectedAt": "2025-01-31T12:00:00.120Z",
     *       "message": "text is empty",
     *       "recordTime": "2025-01-31T12:00:00.000Z",
     *       "key": {
     *         "text": "",
     *         "base64": ""
     *       },
     *       "payload": {
     *         "text": "hi",
     *         "base64": "aGk=",
     *         "bytes": 2,
     *         "isCut": false
     *       },
     *       "attempts": [
     *         {
     *           "attempt": 0,
     *           "model": null,
     *           "code": "text_empty",
     *           "rejectedAt": "2025-01-31T12:00:00.120Z"
     *         }
     *       ]
     *     }
     */
    DeadLetter: {
      /** @description How often the event had been replayed before. */
      attempt: number
      /** @description All dead letters of the event, the latest first; at most 100. */
      attempts: {
        attempt: number
        code: string
        model: string | null
        /** Format: date-time */
        rejectedAt: string
      }[]
      /** @description Why it was rejected: stable. */
      code: string
      /** @description topic/partition/offset of the event. */
      id: string
      key: {
        /** @description Empty for a key with the scope read-masked. */
        base64: string
        /** @description Null if it is not UTF-8, and for a key with the scope read-masked. */
        text: string | null
      }
      message: string
      /** @description The model whose consumer rejected it; null: a stage that serves every model. */
      model: string | null
      /** @description Whether no later attempt gave a row or another dead letter. */
      open: boolean
      /** @description The value of the record. */
      payload: {
        /** @description Empty for a key with the scope read-masked. */
        base64: string
        /** @description The length of the value. */
        bytes: number
        /** @description Whether only the first 64 KiB were kept. */
        isCut: boolean
        /** @description Null if it is not UTF-8, and for a key with the scope read-masked. */
        text: string | null
      }
      /**
       * Format: date-time
       * @description The time of the record on the topic.
       */
      recordTime: string
      /** Format: date-time */
      rejectedAt: string
      /** @description The stage that rejected it. */
      stage: string
    }
    /**
     * @example {
     *       "deadLetters": [
     *         {
     *           "id": "winnow.events/3/17",
     *           "code": "text_empty",
     *           "stage": "validate",
     *           "attempt": 0,
     *           "model": null,
     *           "open": true,
     *           "rejectedAt": "2025-01-31T12:00:00.120Z",
     *           "message": "text is empty"
     *         }
     *       ],
     *       "codes": [
     *         {
     *           "code": "text_empty",
     *           "open": 1,
     *           "all": 3
     *         }
     *       ]
     *     }
     */
    DeadLetterPage: {
      /** @description How many there are between since and until, whatever code and state are asked. */
      codes: {
        all: number
        code: string
        open: number
      }[]
      /** @description The last page has none. */
      cursor?: string
      deadLetters: {
        /** @description How often the event had been replayed before. */
        attempt: number
        /** @description Why it was rejected: stable. */
        code: string
        /** @description topic/partition/offset of the event. */
        id: string
        message: string
        /** @description The model whose consumer rejected it; null: a stage that serves every model. */
        model: string | null
        /** @description Whether no later attempt gave a row or another dead letter. */
        open: boolean
        /** Format: date-time */
        rejectedAt: string
        /** @description The stage that rejected it. */
        stage: string
      }[]
    }
    /**
     * @example {
     *       "input": [
     *         "My invoice is wrong"
     *       ],
     *       "model": "mail"
     *     }
     */
    EmbeddingsRequest: {
      /** @description Refused unless it is the number that the model has. */
      dimensions?: number
      /**
       * @description base64: float32 in little-endian bytes.
       * @default float
       * @enum {string}
       */
      encoding_format: 'float' | 'base64'
      /** @description A text, or at most gateway.classifyTextsMax texts. Token ids are refused. */
      input: string | string[]
      /** @description NAME, NAME@VERSION or NAME@champion: a version of the store, which is opened on demand. By default, and if it is called NAME, the model that serves answers. */
      model?: string
      /** @description Ignored. */
      user?: string
    }
    /**
     * @example {
     *       "object": "list",
     *       "data": [
     *         {
     *           "object": "embedding",
     *           "index": 0,
     *           "embedding": [
     *             0.6,
     *             -0.8
     *           ]
     *         }
     *       ],
     *       "model": "mail@1",
     *       "usage": {
     *         "prompt_tokens": 6,
     *         "total_tokens": 6
     *       }
     *     }
     */
    EmbeddingsResponse: {
      data: {
        /** @description Of Euclidean length 1. */
        embedding: number[] | string
        index: number
        /** @constant */
        object: 'embedding'
      }[]
      /** @description NAME@VERSION of the model whose encoder it is. */
      model: string
      /** @constant */
      object: 'list'
      usage: {
        prompt_tokens: number
        total_tokens: number
      }
    }
    /**
     * @example {
     *       "text": "My invoice is wrong",
     *       "source": "support-mail",
     *       "attributes": {
     *         "lang": "en"
     *       }
     *     }
     */
    Event: {
      attributes?: {
        [key: string]: string
      } | null
      id?: string | null
      label?: string | null
      source?: string | null
      text: string
      time?: (number | string) | null
    }
    /**
     * @example {
     *       "text": "You have won a free cruise",
     *       "label": "spam"
     *     }
     */
    ExplainRequest: {
      /** @description The label to explain; by default the one that the model gives. */
      label?: string
      /**
       * @description auto, the default, is integrated gradients for models that Winnow trained in fp32, and occlusion for others.
       * @enum {string}
       */
      method?: 'auto' | 'integrated-gradients' | 'occlusion' | 'shapley'
      /** @description NAME or NAME@VERSION; refused if the gateway serves another model. */
      model?: string
      text: string
    }
    /**
     * @example {
     *       "model": "mail@1",
     *       "label": "spam",
     *       "score": 0.93,
     *       "logOdds": 2.59,
     *       "method": "integrated-gradients",
     *       "baseline": "padding",
     *       "baselineLogOdds": -0.41,
     *       "steps": 16,
     *       "permutations": null,
     *       "completenessGap": 0.002,
     *       "truncated": false,
     *       "tokens": [
     *         {
     *           "text": "Free",
     *           "start": 0,
     *           "end": 4,
     *           "attribution": 2.994
     *         }
     *       ],
     *       "words": [
     *         {
     *           "text": "Free",
     *           "start": 0,
     *           "end": 4,
     *           "attribution": 2.994
     *         }
     *       ]
     *     }
     */
    Explanation: {
      /**
       * @description What the text is compared with, or what replaces hidden tokens.
       * @enum {string}
       */
      baseline: 'padding' | 'mask' | 'unknown' | 'nothing'
      baselineLogOdds: number | null
      /** @description How far the attributions miss the difference of the log-odds of text and baseline, as a share of it; null with occlusion. */
      completenessGap: number | null
      label: string
      logOdds: number
      /** @enum {string} */
      method: 'integrated-gradients' | 'occlusion' | 'shapley'
      /** @description NAME@VERSION of the model that was explained. */
      model: string
      /** @description Orders that Shapley sampling drew. */
      permutations: number | null
      /** @description Probability of the label. */
      score: number
      /** @description Steps of integrated gradients. */
      steps: number | null
      /** @description The tokens in order, with their places in UTF-16 units. An attribution is in log-odds of the label: positive where it speaks for the label. */
      tokens: {
        attribution: number
        end: number
        /** @description Only of Shapley values, which are estimates. */
        standardError?: number
        start: number
        /** @description What stands from start to end in the given text. */
        text: string
      }[]
      /** @description Whether the model read only the start of the text. */
      truncated: boolean
      /** @description The words in order, with their places in UTF-16 units. An attribution is in log-odds of the label: positive where it speaks for the label. */
      words: {
        attribution: number
        end: number
        /** @description Only of Shapley values, which are estimates. */
        standardError?: number
        start: number
        /** @description What stands from start to end in the given text. */
        text: string
      }[]
    }
    InferenceError: {
      error: string
    }
    InferenceLive: {
      live: boolean
    }
    InferenceModel: {
      inputs: {
        /** @enum {string} */
        datatype: 'BYTES' | 'FP32'
        name: string
        /** @description -1 is any size. */
        shape: number[]
      }[]
      name: string
      outputs: {
        /** @enum {string} */
        datatype: 'BYTES' | 'FP32'
        name: string
        /** @description -1 is any size. */
        shape: number[]
      }[]
      platform: string
      /** @description labels: a JSON array, in the order of the probabilities. */
      properties: {
        [key: string]: string
      }
      versions: string[]
    }
    InferenceModelReady: {
      name: string
      ready: boolean
    }
    InferenceReady: {
      ready: boolean
    }
    /**
     * @example {
     *       "id": "42",
     *       "inputs": [
     *         {
     *           "name": "text",
     *           "shape": [
     *             1
     *           ],
     *           "datatype": "BYTES",
     *           "data": [
     *             "My invoice is wrong"
     *           ]
     *         }
     *       ],
     *       "outputs": [
     *         {
     *           "name": "label"
     *         },
     *         {
     *           "name": "probabilities"
     *         }
     *       ]
     *     }
     */
    InferenceRequest: {
      /** @description Returned with the answer. */
      id?: string
      /** @description Exactly one. */
      inputs: {
        /** @description The texts, flat or nested as in the shape. */
        data?: (
          (string | number | boolean | null) | ((string | number | boolean | null) | unknown[])[]
        )[]
        /** @description BYTES. */
        datatype: string
        /** @description Any name, since there is one input. */
        name: string
        /** @description binary_data_size: the bytes of the tensor behind the JSON. */
        parameters?: {
          [key: string]: string | number | boolean
        }
        /** @description [n] or [n, 1]. */
        shape: number[]
      }[]
      /** @description Ignored: the path names the model. */
      model_name?: string
      /** @description Ignored, as model_name. */
      model_version?: string
      /** @description The tensors to answer with; all when absent. */
      outputs?: {
        /** @description label, score, probabilities, logits */
        name: string
        /** @description binary_data: whether the tensor follows the JSON. classification: how many of the highest values to give as `value:index:label`. */
        parameters?: {
          [key: string]: string | number | boolean
        }
      }[]
      /** @description binary_data_output: whether the outputs are binary unless they say otherwise. */
      parameters?: {
        [key: string]: string | number | boolean
      }
    }
    /**
     * @example {
     *       "model_name": "mail",
     *       "model_version": "1",
     *       "id": "42",
     *       "outputs": [
     *         {
     *           "name": "label",
     *           "datatype": "BYTES",
     *           "shape": [
     *             1
     *           ],
     *           "data": [
     *             "ham"
     *           ]
     *         },
     *         {
     *           "name": "probabilities",
     *           "datatype": "FP32",
     *           "shape": [
     *             1,
     *             2
     *           ],
     *           "data": [
     *             0.75,
     *             0.25
     *           ]
     *         }
     *       ]
     *     }
     */
    InferenceResponse: {
      id?: string
      model_name: string
      model_version: string
      outputs: {
        data?: (string | number)[]
        /** @enum {string} */
        datatype: 'BYTES' | 'FP32'
        name: string
        parameters?: {
          [key: string]: string | number | boolean
        }
        shape: number[]
      }[]
    }
    InferenceServer: {
      extensions: string[]
      name: string
      version: string
    }
    /**
     * @example {
     *       "id": "0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1",
     *       "label": "refund",
     *       "by": "ann"
     *     }
     */
    Label: {
      by?: string | null
      id: string
      label: string | null
      /** @description True accepts a label that no known model has, such as a new class. */
      newLabel?: boolean | null
      time?: (number | string) | null
    }
    /**
     * @example {
     *       "people": [
     *         {
     *           "by": "ann",
     *           "labels": 60
     *         },
     *         {
     *           "by": "ben",
     *           "labels": 50
     *         }
     *       ],
     *       "pairs": [
     *         {
     *           "a": "ann",
     *           "b": "ben",
     *           "events": 50,
     *           "agreement": 0.7,
     *           "kappa": 0.4
     *         }
     *       ]
     *     }
     */
    LabelAgreement: {
      pairs: {
        a: string
        /** @description The share of them with the same label. */
        agreement: number
        b: string
        /** @description Events that both labelled. */
        events: number
        /** @description Cohen's kappa; null if both always gave the same single label. */
        kappa: number | null
      }[]
      people: {
        by: string
        labels: number
      }[]
    }
    /**
     * @example {
     *       "model": "mail",
     *       "labels": [
     *         "ham",
     *         "spam"
     *       ],
     *       "items": [
     *         {
     *           "id": "winnow.events/3/17",
     *           "text": "Cheap watches, click here",
     *           "source": "support-mail",
     *           "label": "spam",
     *           "score": 0.52,
     *           "probabilities": {
     *             "spam": 0.52,
     *             "ham": 0.48
     *           },
     *           "outOfScope": 0.1,
     *           "model": "mail@1",
     *           "classifiedAt": "2026-01-31T12:00:00.120Z",
     *           "suggestions": [
     *             {
     *               "label": "spam",
     *               "score": 0.52
     *             },
     *             {
     *               "label": "ham",
     *               "score": 0.48
     *             }
     *           ],
     *           "reason": "uncertain"
     *         }
     *       ]
     *     }
     */
    LabellingQueue: {
      items: {
        /** Format: date-time */
        classifiedAt: string
        /** @description The event id. */
        id: string
        /** @description What the model says. */
        label: string
        /** @description NAME@VERSION of the version that classified the event. */
        model: string
        outOfScope: number | null
        probabilities: {
          [key: string]: number
        }
        /**
         * @description Why a label of this event is useful.
         * @enum {string}
         */
        reason: 'uncertain' | 'diverse' | 'out-of-scope' | 'disagreement'
        score: number
        /** @description Empty if unknown. */
        source: string
        /** @description The most probable labels, and what a shadow says; the model's own label first. */
        suggestions: {
          label: string
          score: number
        }[]
        text: string
      }[]
      /** @description All labels of the model. */
      labels: string[]
      /** @description NAME or NAME@VERSION, as asked. */
      model: string
    }
    /**
     * @example {
     *       "caller": "dashboard",
     *       "scopes": [
     *         "read"
     *       ],
     *       "textsMasked": false,
     *       "keysRequired": true,
     *       "model": "mail@3",
     *       "explain": true,
     *       "version": "0.1.0"
     *     }
     */
    Me: {
      /** @description The name of the API key; null without one. */
      caller: string | null
      /** @description Whether POST /v1/explain can answer. */
      explain: boolean
      /** @description Whether this gateway has API keys. */
      keysRequired: boolean
      /** @description The model that classifies now, NAME@VERSION. */
      model: string | null
      readonly scopes: ('ingest' | 'read' | 'read-masked' | 'admin')[]
      /** @description Whether stored texts come without mail addresses, phone, card and account numbers. */
      textsMasked: boolean
      /** @description The gateway's release. */
      version: string
    }
    /** @description The state of the model before the change and after it. */
    ModelChange: {
      before: {
        /** Format: date-time */
        at: string
        by: string
        challenger: {
          percent: number
          version: string
        } | null
        champion: string | null
        /** @description published, promoted, rolled-back, challenged or shadowed. */
        kind: string
        name: string
        /** @description Earlier champions, the latest last. */
        previous: string[]
        reason: string
        shadow: {
          percent: number
          version: string
        } | null
        /** @description The version that it happened to. */
        version: string
      } | null
      state: {
        /** Format: date-time */
        at: string
        by: string
        challenger: {
          percent: number
          version: string
        } | null
        champion: string | null
        /** @description published, promoted, rolled-back, challenged or shadowed. */
        kind: string
        name: string
        /** @description Earlier champions, the latest last. */
        previous: string[]
        reason: string
        shadow: {
          percent: number
          version: string
        } | null
        /** @description The version that it happened to. */
        version: string
      }
    }
    /**
     * @example {
     *       "a": "mail@1",
     *       "b": "mail@2",
     *       "events": 100,
     *       "agreement": 0.97,
     *       "flips": [
     *         {
     *           "a": "ham",
     *           "b": "spam",
     *           "events": 3
     *         }
     *       ],
     *       "judged": null,
     *       "alone": []
     *     }
     */
    ModelComparison: {
      a: string
      /** @description Share of them with the same answer. */
      agreement: number | null
      /** @description Each version on all its own events whose label is known. */
      readonly alone: {
        accuracy: number
        labelled: number
        role: string
        version: string
      }[]
      b: string
      /** @description Events that both classified, one of them as a shadow. */
      events: number
      /** @description The most frequent changes of the answer. */
      readonly flips: {
        a: string
        b: string
        events: number
      }[]
      /** @description On events whose label is known. */
      judged: {
        accuracyA: number
        accuracyB: number
        labelled: number
        onlyARight: number
        onlyBRight: number
        /** @description McNemar's test, two-sided. */
        pValue: number
      } | null
    }
    /**
     * @example {
     *       "serving": "mail@1",
     *       "models": [
     *         {
     *           "name": "mail",
     *           "versions": [
     *             {
     *               "version": "1",
     *               "model": "mail@1",
     *               "created": "2026-01-31T12:05:01.000Z",
     *               "method": "head",
     *               "base": "minilm-l6",
     *               "labels": [
     *                 "ham",
     *                 "spam"
     *               ],
     *               "precision": "fp32",
     *               "bytes": 90000000,
     *               "state": "readable",
     *               "roles": [
     *                 {
     *                   "kind": "champion"
     *                 }
     *               ],
     *               "accuracy": 0.98,
     *               "metrics": {
     *                 "accuracy": 0.98,
     *                 "macroF1": 0.97
     *               },
     *               "run": "20260131T120501-mail-1f9c2e",
     *               "hasReport": true
     *             }
     *           ]
     *         }
     *       ]
     *     }
     */
    ModelList: {
      models: {
        name: string
        versions: {
          accuracy: number | null
          base: string | null
          /** @description Size of all files. */
          bytes: number
          created: string | null
          hasReport: boolean
          labels: string[]
          method: string | null
          metrics: {
            [key: string]: number | string
          }
          /** @description NAME@VERSION. */
          model: string
          precision: string | null
          /** @description Why a damaged version cannot be read. */
          reason?: string
          roles: {
            /** @enum {string} */
            kind: 'champion' | 'challenger' | 'shadow' | 'previous' | 'pinned'
            /** @description Share of the events of a challenger or shadow. */
            percent?: number
          }[]
          /** @description The run that trained it. */
          run: string | null
          /** @enum {string} */
          state: 'readable' | 'damaged'
          version: string
        }[]
      }[]
      /** @description The version that this gateway answers with. */
      serving: string | null
    }
    /**
     * @example {
     *       "releases": [
     *         {
     *           "at": "2026-01-31T12:00:00.000Z",
     *           "kind": "promote",
     *           "version": "2",
     *           "by": "dashboard",
     *           "reason": "better on refunds"
     *         }
     *       ]
     *     }
     */
    ModelReleases: {
      releases: {
        /** Format: date-time */
        at: string
        by: string
        /** @description publish, promote, rollback, challenge, shadow, refusal or swap. */
        kind: string
        reason: string
        version: string
      }[]
    }
    PredictError: {
      error: string
      error_type: string
    }
    /**
     * @example {
     *       "inputs": [
     *         [
     *           "My invoice is wrong"
     *         ],
     *         [
     *           "Cheap watches"
     *         ]
     *       ]
     *     }
     */
    PredictRequest: {
      /** @description A text, a list of one text, or a batch: a list of lists of one text. A pair of texts is refused. */
      inputs: string | (string | string[])[]
      /** @description What clients of the Hugging Face API send beside inputs; ignored. */
      parameters?: {
        [key: string]: unknown
      }
      /**
       * @description Whether scores are logits instead of probabilities.
       * @default false
       */
      raw_scores: boolean
      /**
       * @description Whether a text that is too long is cut; if false, it is refused.
       * @default true
       */
      truncate: boolean
      /** @description The end of a text is cut, never its start. */
      truncation_direction?: string
    }
    /**
     * @description The labels of a text, the most probable first; for a batch a list of them.
     * @example [
     *       {
     *         "score": 0.98,
     *         "label": "ham"
     *       },
     *       {
     *         "score": 0.02,
     *         "label": "spam"
     *       }
     *     ]
     */
    PredictResponse:
      | {
          label: string
          score: number
        }[]
      | {
          label: string
          score: number
        }[][]
    /**
     * @description RFC 9457 problem document.
     * @example {
     *       "type": "urn:winnow:error:items_invalid",
     *       "title": "An item of the request is invalid; none of them was accepted.",
     *       "status": 422,
     *       "detail": "1 of 2 events is invalid; nothing was published",
     *       "code": "items_invalid",
     *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1",
     *       "errors": [
     *         {
     *           "index": 1,
     *           "code": "field_missing",
     *           "field": "text",
     *           "message": "text is missing"
     *         }
     *       ],
     *       "errorsTotal": 1
     *     }
     */
    Problem: {
      /**
       * @description Stable: programs should branch on this.
       * @enum {string}
       */
      code:
        | 'value_null'
        | 'batch_corrupt'
        | 'record_too_large'
        | 'avro_undecodable'
        | 'protobuf_undecodable'
        | 'schema_unknown'
        | 'schema_mismatch'
        | 'utf8_invalid'
        | 'json_invalid'
        | 'event_not_object'
        | 'field_missing'
        | 'path_missing'
        | 'csv_invalid'
        | 'field_type'
        | 'field_unknown'
        | 'field_too_long'
        | 'text_empty'
        | 'text_too_long'
        | 'text_unpaired_surrogate'
        | 'time_invalid'
        | 'time_future'
        | 'time_past'
        | 'duplicate_id'
        | 'output_invalid'
        | 'label_unknown'
        | 'row_ragged'
        | 'config_invalid'
        | 'usage'
        | 'prerequisite_missing'
        | 'port_taken'
        | 'service_start_failed'
        | 'broker_unavailable'
        | 'broker_refused'
        | 'registry_unavailable'
        | 'registry_refused'
        | 'schema_incompatible'
        | 'analytics_unavailable'
        | 'analytics_refused'
        | 'analytics_unsupported'
        | 'fenced'
        | 'group_conflict'
        | 'migration_changed'
        | 'database_newer'
        | 'download_failed'
        | 'hash_mismatch'
        | 'base_not_found'
        | 'model_not_found'
        | 'model_corrupt'
        | 'model_incompatible'
        | 'export_invalid'
        | 'golden_mismatch'
        | 'store_unavailable'
        | 'store_refused'
        | 'publish_refused'
        | 'role_refused'
        | 'version_in_use'
        | 'run_in_use'
        | 'version_conflict'
        | 'graph_invalid'
        | 'tracking_unavailable'
        | 'tracking_refused'
        | 'model_unavailable'
        | 'session_failed'
        | 'worker_crashed'
        | 'queue_full'
        | 'deadline_exceeded'
        | 'cancelled'
        | 'dataset_invalid'
        | 'benchmark_failed'
        | 'engine_unavailable'
        | 'resume_refused'
        | 'memory_exhausted'
        | 'training_diverged'
        | 'body_invalid'
        | 'items_invalid'
        | 'body_too_large'
        | 'body_timeout'
        | 'batch_too_large'
        | 'media_type_unsupported'
        | 'parameter_invalid'
        | 'unauthorized'
        | 'forbidden'
        | 'identity_unavailable'
        | 'rate_limited'
        | 'not_found'
        | 'cursor_expired'
        | 'method_not_allowed'
        | 'idempotency_conflict'
        | 'internal'
      /** @description What happened this time. */
      detail: string
      /** @description The first 10 invalid items. */
      errors?: {
        /** @enum {string} */
        code:
          | 'value_null'
          | 'batch_corrupt'
          | 'record_too_large'
          | 'avro_undecodable'
          | 'protobuf_undecodable'
          | 'schema_unknown'
          | 'schema_mismatch'
          | 'utf8_invalid'
          | 'json_invalid'
          | 'event_not_object'
          | 'field_missing'
          | 'path_missing'
          | 'csv_invalid'
          | 'field_type'
          | 'field_unknown'
          | 'field_too_long'
          | 'text_empty'
          | 'text_too_long'
          | 'text_unpaired_surrogate'
          | 'time_invalid'
          | 'time_future'
          | 'time_past'
          | 'duplicate_id'
          | 'output_invalid'
          | 'label_unknown'
          | 'row_ragged'
        field?: string
        index: number
        /** @description The line of a CSV body. */
        line?: number
        message: string
      }[]
      /** @description How many item errors there were. */
      errorsTotal?: number
      /** @description urn:winnow:request: followed by the X-Request-Id. */
      instance: string
      status: number
      /** @description What the code means; the same for every occurrence. */
      title: string
      /** @description urn:winnow:error: followed by the code. */
      type: string
    } & {
      [key: string]: unknown
    }
    /**
     * @example {
     *       "version": "2",
     *       "reason": "better on refunds"
     *     }
     */
    PromoteRequest: {
      /** @description The reason to overrule a gate that refuses the version; it is recorded. */
      force?: string
      /** @description Why, for the record. */
      reason: string
      /** @description The number of the version. */
      version: string
    }
    /**
     * @example {
     *       "ready": false,
     *       "checks": [
     *         {
     *           "name": "kafka",
     *           "state": "ok",
     *           "ms": 3
     *         },
     *         {
     *           "name": "analytics",
     *           "state": "failed",
     *           "ms": 2000,
     *           "code": "analytics_unavailable"
     *         }
     *       ]
     *     }
     */
    Readiness: {
      checks: {
        /** @description Why it failed. */
        code?: string
        /** @description How long the check took, in milliseconds. */
        ms: number
        name: string
        /** @enum {string} */
        state: 'ok' | 'failed'
      }[]
      ready: boolean
    }
    /**
     * @example {
     *       "matched": 3,
     *       "sent": 2,
     *       "skipped": {
     *         "already_sent": 1
     *       },
     *       "stopped": false
     *     }
     */
    ReplayOutcome: {
      /** @description Open dead letters that were examined, at most 500. */
      matched: number
      /** @description Events that were sent again. */
      sent: number
      /** @description How many were not sent, by reason. */
      skipped: {
        [key: string]: number
      }
      /** @description Whether time was up before all were sent; the same request sends the rest. */
      stopped: boolean
    }
    /**
     * @example {
     *       "ids": [
     *         "winnow.events/3/17"
     *       ]
     *     }
     * @example {
     *       "code": "schema_unknown",
     *       "since": "2025-01-31T12:00:00Z"
     *     }
     */
    ReplayRequest:
      | {
          /** @description The dead letters, as GET /v1/dead-letters names them. */
          ids: string[]
        }
      | {
          /**
           * @description All open dead letters with this code.
           * @enum {string}
           */
          code:
            | 'value_null'
            | 'batch_corrupt'
            | 'record_too_large'
            | 'avro_undecodable'
            | 'protobuf_undecodable'
            | 'schema_unknown'
            | 'schema_mismatch'
            | 'utf8_invalid'
            | 'json_invalid'
            | 'event_not_object'
            | 'field_missing'
            | 'path_missing'
            | 'csv_invalid'
            | 'field_type'
            | 'field_unknown'
            | 'field_too_long'
            | 'text_empty'
            | 'text_too_long'
            | 'text_unpaired_surrogate'
            | 'time_invalid'
            | 'time_future'
            | 'time_past'
            | 'duplicate_id'
            | 'output_invalid'
          /** @description Rejected at or after this time. */
          since?: string | number
          /** @description Rejected before this time. */
          until?: string | number
        }
    /**
     * @example {
     *       "id": "winnow.events/3/17",
     *       "label": "spam",
     *       "score": 0.97,
     *       "labels": [
     *         "spam"
     *       ],
     *       "outOfScope": 0.03,
     *       "probabilities": {
     *         "spam": 0.97,
     *         "ham": 0.03
     *       },
     *       "model": "mail@1",
     *       "role": "champion",
     *       "text": "Cheap watches, click here",
     *       "source": "support-mail",
     *       "attributes": {},
     *       "eventTime": "2025-01-31T12:00:00.000Z",
     *       "classifiedAt": "2025-01-31T12:00:00.120Z",
     *       "origin": {
     *         "topic": "winnow.events",
     *         "partition": 3,
     *         "offset": 17
     *       },
     *       "tokens": 8,
     *       "truncated": false,
     *       "answeredBy": "",
     *       "queueMs": 4.5,
     *       "inferMs": 12.25,
     *       "totalMs": 120
     *     }
     */
    Result: {
      /** @description The model of a cascade that answered, small or full; empty for other versions. */
      answeredBy: string
      attributes: {
        [key: string]: string
      }
      /** Format: date-time */
      classifiedAt: string
      /** Format: date-time */
      eventTime: string
      /** @description The event id. */
      id: string
      /** @description How long the batch ran. */
      inferMs: number
      /** @description The most probable label; winnow.none means none of the model's labels. */
      label: string
      /** @description All labels that apply: several, or none, with a multi-label model. */
      labels: string[]
      /** @description NAME@VERSION. */
      model: string
      /** @description Where the event entered. */
      origin: {
        offset: number
        partition: number
        topic: string
      }
      /** @description How far the text is from what the model knows, 0 to 1; null in older results. */
      outOfScope: number | null
      /** @description The most probable labels. */
      probabilities: {
        [key: string]: number
      }
      /** @description How long the text waited for a batch. */
      queueMs: number
      /** @enum {string} */
      role: 'champion' | 'challenger' | 'shadow'
      /** @description Probability of the most probable label. */
      score: number
      /** @description Empty if unknown. */
      source: string
      /** @description The cleaned text. */
      text: string
      tokens: number
      /** @description Time from the broker record time to the classification. */
      totalMs: number
      /** @description Whether the model read only the start of the text. */
      truncated: boolean
    }
    /** @description Newest first. The last page has no cursor. */
    ResultPage: {
      cursor?: string
      results: components['schemas']['Result'][]
    }
    /** @description The results of one event, one per model version, newest first. */
    ResultsOfEvent: {
      id: string
      results: components['schemas']['Result'][]
    }
    /**
     * @example {
     *       "reason": "too many refunds"
     *     }
     */
    RollbackRequest: {
      /** @description Why, for the record. */
      reason: string
    }
    Run: {
      /** @description The epoch or trial that was kept. */
      best: string | null
      /** @description Folds of a cross-validation, or trials of a tune. */
      children: {
        error?: string
        /** @enum {string} */
        kind: 'fold' | 'trial'
        metrics: {
          [key: string]: number
        }
        number: string
        parameters: {
          [key: string]: unknown
        }
        run: string
        seconds: number | null
        /** @enum {string} */
        state: 'complete' | 'pruned' | 'failed' | 'running'
        /** @description Epochs of the fold or trial. */
        steps: {
          metrics: {
            [key: string]: number
          }
          step: number
        }[]
      }[]
      /** @description Source, examples, labels and hash of each part of the data. */
      dataManifest: {
        [key: string]: unknown
      }
      environment: {
        [key: string]: unknown
      } | null
      hasReport: boolean
      intervals: {
        [key: string]: {
          high: number
          low: number
        }
      }
      kind: ('train' | 'cv' | 'tune') | null
      /** @description The metric that the run is judged by. */
      mainMetric: string | null
      measuredOn: string | null
      method: string | null
      metrics: {
        [key: string]: number
      }
      /** @description NAME@VERSION of the model that it made. */
      model: string | null
      name: string
      parameters: {
        [key: string]: unknown
      }
      /** @description Why a damaged run cannot be read. */
      reason?: string
      run: string
      seconds: number | null
      started: string | null
      /** @enum {string} */
      state: 'finished' | 'unfinished' | 'damaged'
      /** @description Epochs of a training. */
      steps: {
        metrics: {
          [key: string]: number
        }
        step: number
      }[]
      /** @description The run that trained the winner of a tune. */
      trainingRun: string | null
      /** @description The tune whose winner the run trained. */
      tune: string | null
      /** @description The versions in the store that name the run. */
      versions: string[]
    }
    /** @description Newest first. The last page has no cursor. */
    RunPage: {
      cursor?: string
      runs: {
        /** @description The number of folds or trials. */
        children: number
        intervals: {
          [key: string]: {
            high: number
            low: number
          }
        }
        kind: ('train' | 'cv' | 'tune') | null
        /** @description The metric that the run is judged by. */
        mainMetric: string | null
        method: string | null
        metrics: {
          [key: string]: number
        }
        /** @description NAME@VERSION of the model that it made. */
        model: string | null
        name: string
        /** @description Why a damaged run cannot be read. */
        reason?: string
        run: string
        seconds: number | null
        started: string | null
        /** @enum {string} */
        state: 'finished' | 'unfinished' | 'damaged'
      }[]
    }
    /**
     * @example {
     *       "version": "2",
     *       "percent": 10,
     *       "reason": "try the new labels"
     *     }
     */
    ShareRequest: {
      /** @description The reason to overrule a gate that refuses the version; it is recorded. */
      force?: string
      /** @description Share of the events; 0 ends the role. */
      percent: number
      /** @description Why, for the record. */
      reason: string
      /** @description The number of the version. */
      version: string
    }
    /**
     * @example {
     *       "items": [
     *         {
     *           "id": "winnow.events/3/17",
     *           "text": "Cheap watches, click here",
     *           "source": "support-mail",
     *           "label": "spam",
     *           "score": 0.52,
     *           "probabilities": {
     *             "spam": 0.52,
     *             "ham": 0.48
     *           },
     *           "outOfScope": 0.1,
     *           "model": "mail@1",
     *           "classifiedAt": "2026-01-31T12:00:00.120Z",
     *           "suggestions": [
     *             {
     *               "label": "spam",
     *               "score": 0.52
     *             },
     *             {
     *               "label": "ham",
     *               "score": 0.48
     *             }
     *           ],
     *           "similarity": 0.8
     *         }
     *       ]
     *     }
     */
    SimilarEvents: {
      items: {
        /** Format: date-time */
        classifiedAt: string
        /** @description The event id. */
        id: string
        /** @description What the model says. */
        label: string
        /** @description NAME@VERSION of the version that classified the event. */
        model: string
        outOfScope: number | null
        probabilities: {
          [key: string]: number
        }
        score: number
        /** @description The share of runs of characters in common, 0 to 1. */
        similarity: number
        /** @description Empty if unknown. */
        source: string
        /** @description The most probable labels, and what a shadow says; the model's own label first. */
        suggestions: {
          label: string
          score: number
        }[]
        text: string
      }[]
    }
    /**
     * @example {
     *       "since": "2025-01-31T12:00:00.000Z",
     *       "until": "2025-01-31T12:01:00.000Z",
     *       "bucketSeconds": 60,
     *       "events": 3,
     *       "eventsPerSecond": 0.05,
     *       "labels": [
     *         {
     *           "label": "ham",
     *           "events": 2
     *         },
     *         {
     *           "label": "spam",
     *           "events": 1
     *         }
     *       ],
     *       "sources": [
     *         {
     *           "source": "support-mail",
     *           "events": 3
     *         }
     *       ],
     *       "models": [
     *         {
     *           "model": "mail@3",
     *           "role": "champion",
     *           "events": 3
     *         }
     *       ],
     *       "latencyMs": {
     *         "queue": {
     *           "p50": 4,
     *           "p95": 5,
     *           "p99": 5
     *         },
     *         "infer": {
     *           "p50": 12,
     *           "p95": 14,
     *           "p99": 14
     *         },
     *         "total": {
     *           "p50": 110,
     *           "p95": 130,
     *           "p99": 130
     *         }
     *       },
     *       "batches": {
     *         "batches": 2,
     *         "texts": 3,
     *         "tokens": 36,
     *         "paddedTokens": 40,
     *         "textsPerBatch": 1.5,
     *         "waitMs": {
     *           "p50": 4,
     *           "p95": 5,
     *           "p99": 5
     *         },
     *         "runMs": {
     *           "p50": 12,
     *           "p95": 14,
     *           "p99": 14
     *         }
     *       },
     *       "workers": [
     *         {
     *           "worker": 0,
     *           "model": "mail@3",
     *           "use": 0.0004
     *         }
     *       ],
     *       "cache": {
     *         "hits": 1,
     *         "misses": 2
     *       },
     *       "deadLetters": {
     *         "total": 1,
     *         "open": 1,
     *         "codes": [
     *           {
     *             "code": "text_empty",
     *             "events": 1
     *           }
     *         ]
     *       },
     *       "series": [
     *         {
     *           "time": "2025-01-31T12:00:00.000Z",
     *           "events": 3,
     *           "labels": {
     *             "ham": 2,
     *             "spam": 1
     *           },
     *           "totalMs": {
     *             "p50": 110,
     *             "p95": 130,
     *             "p99": 130
     *           },
     *           "deadLetters": 1
     *         }
     *       ]
     *     }
     */
    StreamSummary: {
      /** @description Batches of all sources and labels. */
      batches: {
        batches: number
        paddedTokens: number
        /** @description Milliseconds; null without events. */
        runMs: {
          p50: number
          p95: number
          p99: number
        } | null
        texts: number
        textsPerBatch: number
        tokens: number
        /** @description Milliseconds; null without events. */
        waitMs: {
          p50: number
          p95: number
          p99: number
        } | null
      }
      bucketSeconds: number
      /** @description Texts by whether the row of an equal text answered them without another run. */
      cache: {
        hits: number
        misses: number
      } | null
      /** @description Of all sources and labels. */
      deadLetters: {
        codes: {
          code: string
          events: number
        }[]
        /** @description Of these, still without a later outcome. */
        open: number
        /** @description Rejected in the window. */
        total: number
      }
      /** @description Events classified in the window, by each model; without shadows. */
      events: number
      eventsPerSecond: number
      labels: {
        events: number
        label: string
      }[]
      /** @description Of first attempts: waiting for a batch, its run, and all since the broker. */
      latencyMs: {
        /** @description Milliseconds; null without events. */
        infer: {
          p50: number
          p95: number
          p99: number
        } | null
        /** @description Milliseconds; null without events. */
        queue: {
          p50: number
          p95: number
          p99: number
        } | null
        /** @description Milliseconds; null without events. */
        total: {
          p50: number
          p95: number
          p99: number
        } | null
      }
      models: {
        events: number
        /** @description NAME@VERSION. */
        model: string
        /** @enum {string} */
        role: 'champion' | 'challenger' | 'shadow'
      }[]
      series: {
        deadLetters: number
        events: number
        /** @description The 20 most frequent labels of the window; one without events is left out. */
        labels: {
          [key: string]: number
        }
        /**
         * Format: date-time
         * @description Start of the bucket.
         */
        time: string
        /** @description Milliseconds; null without events. */
        totalMs: {
          p50: number
          p95: number
          p99: number
        } | null
      }[]
      /**
       * Format: date-time
       * @description Start of the first bucket.
       */
      since: string
      sources: {
        events: number
        source: string
      }[]
      /**
       * Format: date-time
       * @description End of the last bucket.
       */
      until: string
      workers: {
        /** @description NAME@VERSION. */
        model: string
        /** @description Share of the window in which it ran. */
        use: number
        worker: number
      }[]
    }
    /**
     * @example {
     *       "items": [
     *         {
     *           "id": "winnow.events/3/17",
     *           "text": "Cheap watches, click here",
     *           "given": "ham",
     *           "by": "ann",
     *           "predicted": "spam",
     *           "score": 0.97,
     *           "model": "mail@1"
     *         }
     *       ]
     *     }
     */
    SuspiciousLabels: {
      items: {
        by: string
        /** @description What the person said. */
        given: string
        /** @description The event id. */
        id: string
        /** @description NAME@VERSION. */
        model: string
        /** @description What the model says. */
        predicted: string
        score: number
        text: string
      }[]
    }
    /**
     * @example {
     *       "texts": [
     *         "My invoice is wrong"
     *       ]
     *     }
     */
    TokenizeRequest: {
      /** @description NAME, NAME@VERSION or NAME@champion: a version of the store, which is opened on demand. By default, and if it is called NAME, the model that serves answers. */
      model?: string
      /** @description At most gateway.classifyTextsMax texts. */
      texts: string[]
    }
    /**
     * @example {
     *       "model": "mail@1",
     *       "results": [
     *         {
     *           "tokens": [
     *             {
     *               "id": 101,
     *               "text": "[CLS]",
     *               "start": 0,
     *               "end": 0,
     *               "special": true
     *             },
     *             {
     *               "id": 7592,
     *               "text": "Hello",
     *               "start": 0,
     *               "end": 5,
     *               "special": false
     *             },
     *             {
     *               "id": 102,
     *               "text": "[SEP]",
     *               "start": 5,
     *               "end": 5,
     *               "special": true
     *             }
     *           ],
     *           "truncated": false
     *         }
     *       ]
     *     }
     */
    TokenizeResponse: {
      /** @description NAME@VERSION of the model whose tokenizer it is. */
      model: string
      results: {
        tokens: {
          /** @description Exclusive. Equal to start where a token has no place. */
          end: number
          id: number
          /** @description Whether the tokenizer added it, such as `[CLS]`. */
          special: boolean
          /** @description In UTF-16 units of the given text. */
          start: number
          /** @description What stands from start to end in the given text; of a special token its name. */
          text: string
        }[]
        /** @description Whether the model reads only the start of the text. */
        truncated: boolean
      }[]
    }
    /**
     * @example {
     *       "topics": [
     *         {
     *           "topic": "winnow.events",
     *           "records": 42,
     *           "replays": 1,
     *           "rows": 38,
     *           "openDeadLetters": 2,
     *           "filtered": 0,
     *           "waiting": 2,
     *           "difference": 0
     *         }
     *       ]
     *     }
     */
    TopicBalance: {
      topics: {
        /** @description What is left of the records: 0 when nothing is lost and nothing in flight. */
        difference: number
        /** @description Events that the filter of their input leaves out. */
        filtered: number
        /** @description Events with an open dead letter and no row. */
        openDeadLetters: number
        /** @description On the topic, replays of dead letters aside. */
        records: number
        /** @description Records that are replays of dead letters. */
        replays: number
        /** @description Events with a row of any model. */
        rows: number
        topic: string
        /** @description Records that no outcome is committed for yet. */
        waiting: number
      }[]
    }
  }
  responses: never
  parameters: never
  requestBodies: never
  headers: never
  pathItems: never
}
export type $defs = Record<string, never>
export interface operations {
  getRoot: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description A page for browsers. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'text/html': string
        }
      }
      /** @description The copy that the client has is current. */
      304: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing. Codes: `not_found`, `model_not_found`. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:not_found",
           *       "title": "There is nothing at this address.",
           *       "status": 404,
           *       "detail": "There is nothing at this address.",
           *       "code": "not_found",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getAssetsByFile: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description Its name. */
        file: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description A script, a style sheet or a picture. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          '*/*': string
        }
      }
      /** @description The copy that the client has is current. */
      304: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing. Codes: `not_found`, `model_not_found`. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:not_found",
           *       "title": "There is nothing at this address.",
           *       "status": 404,
           *       "detail": "There is nothing at this address.",
           *       "code": "not_found",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getDocs: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description A page for browsers. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'text/html': string
        }
      }
      /** @description The copy that the client has is current. */
      304: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing. Codes: `not_found`, `model_not_found`. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:not_found",
           *       "title": "There is nothing at this address.",
           *       "status": 404,
           *       "detail": "There is nothing at this address.",
           *       "code": "not_found",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getDocsByFile: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description Its name. */
        file: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description A script, a style sheet or a picture. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          '*/*': string
        }
      }
      /** @description The copy that the client has is current. */
      304: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing. Codes: `not_found`, `model_not_found`. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:not_found",
           *       "title": "There is nothing at this address.",
           *       "status": 404,
           *       "detail": "There is nothing at this address.",
           *       "code": "not_found",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getLivez: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description The process is running. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "live": true
           *     }
           */
          'application/json': {
            live?: boolean
          }
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
    }
  }
  getMetrics: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description Text format 0.0.4. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'text/plain': string
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getOpenapiJson: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description OpenAPI 3.1. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': Record<string, never>
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
    }
  }
  postPredict: {
    parameters: {
      query?: never
      header?: {
        /** @description How the body is compressed. gateway.bodyBytesMax limits the compressed and the decompressed body. */
        'Content-Encoding'?: '' | 'identity' | 'gzip' | 'deflate' | 'zstd'
      }
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['PredictRequest']
      }
    }
    responses: {
      /** @description The labels by score. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['PredictResponse']
        }
      }
      /** @description The request is malformed. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['PredictError']
        }
      }
      /** @description A valid API key is needed. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['PredictError']
        }
      }
      /** @description The API key lacks the scope read; or the request came from another site. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['PredictError']
        }
      }
      /** @description The body did not arrive in time. */
      408: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['PredictError']
        }
      }
      /** @description The body or a text is too large, or there are too many texts. */
      413: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['PredictError']
        }
      }
      /** @description The content type, or the Content-Encoding, is not supported. */
      415: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['PredictError']
        }
      }
      /** @description A text is invalid, or the model cannot classify it. */
      422: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['PredictError']
        }
      }
      /** @description The model failed. */
      424: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['PredictError']
        }
      }
      /** @description Overloaded; see Retry-After. */
      429: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['PredictError']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['PredictError']
        }
      }
      /** @description No model is loaded. */
      503: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['PredictError']
        }
      }
      /** @description The request was not answered in time. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['PredictError']
        }
      }
    }
  }
  getReadyz: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description Ready. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Readiness']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description At least one check failed. */
      503: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Readiness']
        }
      }
    }
  }
  getAnalyticsBalance: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description One entry per input topic: records = rows + openDeadLetters + filtered + waiting + difference. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['TopicBalance']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The broker, the database or the artifact store refused for good. Codes: `broker_refused`, `analytics_refused`, `store_refused`. */
      502: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:broker_refused",
           *       "title": "Kafka refused the record or the client for good.",
           *       "status": 502,
           *       "detail": "Kafka refused the record or the client for good.",
           *       "code": "broker_refused",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getAnalyticsLag: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description One entry per group and topic. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ConsumerLag']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The broker, the database or the artifact store refused for good. Codes: `broker_refused`, `analytics_refused`, `store_refused`. */
      502: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:broker_refused",
           *       "title": "Kafka refused the record or the client for good.",
           *       "status": 502,
           *       "detail": "Kafka refused the record or the client for good.",
           *       "code": "broker_refused",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getAnalyticsSummary: {
    parameters: {
      query?: {
        /** @description Most buckets of the series, 60 by default. Their length is rounded up. */
        buckets?: string
        /** @description Only this predicted label. */
        label?: string
        /** @description Only results of this model: NAME or NAME@VERSION. */
        model?: string
        /** @description Start of the window, an hour before until by default; at most 31 days before it. */
        since?: string
        /** @description Only events from this source. */
        source?: string
        /** @description End of the window, now by default. */
        until?: string
      }
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description Counts, latencies, batches and dead letters, also by time. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['StreamSummary']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The broker, the database or the artifact store refused for good. Codes: `broker_refused`, `analytics_refused`, `store_refused`. */
      502: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:broker_refused",
           *       "title": "Kafka refused the record or the client for good.",
           *       "status": 502,
           *       "detail": "Kafka refused the record or the client for good.",
           *       "code": "broker_refused",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getAudit: {
    parameters: {
      query?: {
        /** @description Most entries, 1 to 500; 100 by default. */
        limit?: string
        /** @description At or after this time: RFC 3339 or epoch milliseconds. */
        since?: string
        /** @description Before this time: RFC 3339 or epoch milliseconds. */
        until?: string
      }
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description Newest first. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['AuditEntries']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The broker, the database or the artifact store refused for good. Codes: `broker_refused`, `analytics_refused`, `store_refused`. */
      502: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:broker_refused",
           *       "title": "Kafka refused the record or the client for good.",
           *       "status": 502,
           *       "detail": "Kafka refused the record or the client for good.",
           *       "code": "broker_refused",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  postClassify: {
    parameters: {
      query?: never
      header?: {
        /** @description How the body is compressed. gateway.bodyBytesMax limits the compressed and the decompressed body. */
        'Content-Encoding'?: '' | 'identity' | 'gzip' | 'deflate' | 'zstd'
      }
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['ClassifyRequest']
      }
    }
    responses: {
      /** @description One result per text. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ClassifyResponse']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing. Codes: `not_found`, `model_not_found`. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:not_found",
           *       "title": "There is nothing at this address.",
           *       "status": 404,
           *       "detail": "There is nothing at this address.",
           *       "code": "not_found",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body did not arrive in time. Codes: `body_timeout`. */
      408: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_timeout",
           *       "title": "The request body did not arrive in the time allowed.",
           *       "status": 408,
           *       "detail": "The request body did not arrive in the time allowed.",
           *       "code": "body_timeout",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body is too large, compressed or decompressed, or holds too many items. Codes: `body_too_large`, `batch_too_large`. */
      413: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_too_large",
           *       "title": "The request body is larger than allowed.",
           *       "status": 413,
           *       "detail": "The request body is larger than allowed.",
           *       "code": "body_too_large",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The content type, or the Content-Encoding, is not supported. Codes: `media_type_unsupported`. */
      415: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:media_type_unsupported",
           *       "title": "The content type is not supported.",
           *       "status": 415,
           *       "detail": "The content type is not supported.",
           *       "code": "media_type_unsupported",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request is well-formed, but cannot be done; `errors` names invalid items by their index. Codes: `items_invalid`, `model_incompatible`, `publish_refused`. */
      422: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:items_invalid",
           *       "title": "An item of the request is invalid; none of them was accepted.",
           *       "status": 422,
           *       "detail": "An item of the request is invalid; none of them was accepted.",
           *       "code": "items_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getDeadLetters: {
    parameters: {
      query?: {
        /** @description Only this error code. */
        code?:
          | 'value_null'
          | 'batch_corrupt'
          | 'record_too_large'
          | 'avro_undecodable'
          | 'protobuf_undecodable'
          | 'schema_unknown'
          | 'schema_mismatch'
          | 'utf8_invalid'
          | 'json_invalid'
          | 'event_not_object'
          | 'field_missing'
          | 'path_missing'
          | 'csv_invalid'
          | 'field_type'
          | 'field_unknown'
          | 'field_too_long'
          | 'text_empty'
          | 'text_too_long'
          | 'text_unpaired_surrogate'
          | 'time_invalid'
          | 'time_future'
          | 'time_past'
          | 'duplicate_id'
          | 'output_invalid'
        /** @description The cursor of the previous page. */
        cursor?: string
        /** @description Most dead letters of one page, 1 to 200; 50 by default. */
        limit?: string
        /** @description Rejected at or after this time: RFC 3339 or epoch milliseconds. */
        since?: string
        /** @description open, the default: without a later row or dead letter of the event. */
        state?: 'open' | 'all'
        /** @description Rejected before this time: RFC 3339 or epoch milliseconds. */
        until?: string
      }
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description One page, and how many dead letters of each code the window has. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['DeadLetterPage']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The broker, the database or the artifact store refused for good. Codes: `broker_refused`, `analytics_refused`, `store_refused`. */
      502: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:broker_refused",
           *       "title": "Kafka refused the record or the client for good.",
           *       "status": 502,
           *       "detail": "Kafka refused the record or the client for good.",
           *       "code": "broker_refused",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getDeadLettersById: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description topic/partition/offset of the event; slashes may be left as they are. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description It, and the attempts before it. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['DeadLetter']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing. Codes: `not_found`, `model_not_found`. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:not_found",
           *       "title": "There is nothing at this address.",
           *       "status": 404,
           *       "detail": "There is nothing at this address.",
           *       "code": "not_found",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The broker, the database or the artifact store refused for good. Codes: `broker_refused`, `analytics_refused`, `store_refused`. */
      502: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:broker_refused",
           *       "title": "Kafka refused the record or the client for good.",
           *       "status": 502,
           *       "detail": "Kafka refused the record or the client for good.",
           *       "code": "broker_refused",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  postDeadLettersReplay: {
    parameters: {
      query?: never
      header?: {
        /** @description How the body is compressed. gateway.bodyBytesMax limits the compressed and the decompressed body. */
        'Content-Encoding'?: '' | 'identity' | 'gzip' | 'deflate' | 'zstd'
      }
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['ReplayRequest']
      }
    }
    responses: {
      /** @description What was done. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ReplayOutcome']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body did not arrive in time. Codes: `body_timeout`. */
      408: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_timeout",
           *       "title": "The request body did not arrive in the time allowed.",
           *       "status": 408,
           *       "detail": "The request body did not arrive in the time allowed.",
           *       "code": "body_timeout",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body is too large, compressed or decompressed, or holds too many items. Codes: `body_too_large`, `batch_too_large`. */
      413: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_too_large",
           *       "title": "The request body is larger than allowed.",
           *       "status": 413,
           *       "detail": "The request body is larger than allowed.",
           *       "code": "body_too_large",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The content type, or the Content-Encoding, is not supported. Codes: `media_type_unsupported`. */
      415: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:media_type_unsupported",
           *       "title": "The content type is not supported.",
           *       "status": 415,
           *       "detail": "The content type is not supported.",
           *       "code": "media_type_unsupported",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The broker, the database or the artifact store refused for good. Codes: `broker_refused`, `analytics_refused`, `store_refused`. */
      502: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:broker_refused",
           *       "title": "Kafka refused the record or the client for good.",
           *       "status": 502,
           *       "detail": "Kafka refused the record or the client for good.",
           *       "code": "broker_refused",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  postEmbeddings: {
    parameters: {
      query?: never
      header?: {
        /** @description How the body is compressed. gateway.bodyBytesMax limits the compressed and the decompressed body. */
        'Content-Encoding'?: '' | 'identity' | 'gzip' | 'deflate' | 'zstd'
      }
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['EmbeddingsRequest']
      }
    }
    responses: {
      /** @description One embedding per text. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['EmbeddingsResponse']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing. Codes: `not_found`, `model_not_found`. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:not_found",
           *       "title": "There is nothing at this address.",
           *       "status": 404,
           *       "detail": "There is nothing at this address.",
           *       "code": "not_found",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body did not arrive in time. Codes: `body_timeout`. */
      408: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_timeout",
           *       "title": "The request body did not arrive in the time allowed.",
           *       "status": 408,
           *       "detail": "The request body did not arrive in the time allowed.",
           *       "code": "body_timeout",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body is too large, compressed or decompressed, or holds too many items. Codes: `body_too_large`, `batch_too_large`. */
      413: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_too_large",
           *       "title": "The request body is larger than allowed.",
           *       "status": 413,
           *       "detail": "The request body is larger than allowed.",
           *       "code": "body_too_large",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The content type, or the Content-Encoding, is not supported. Codes: `media_type_unsupported`. */
      415: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:media_type_unsupported",
           *       "title": "The content type is not supported.",
           *       "status": 415,
           *       "detail": "The content type is not supported.",
           *       "code": "media_type_unsupported",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request is well-formed, but cannot be done; `errors` names invalid items by their index. Codes: `items_invalid`, `model_incompatible`, `publish_refused`. */
      422: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:items_invalid",
           *       "title": "An item of the request is invalid; none of them was accepted.",
           *       "status": 422,
           *       "detail": "An item of the request is invalid; none of them was accepted.",
           *       "code": "items_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  postEvents: {
    parameters: {
      query?: {
        /** @description Seconds to wait until every event has a result or a dead letter. Needs the scope `read` too, and takes at most 100 events. */
        wait?: number
      }
      header?: {
        /** @description How the body is compressed. gateway.bodyBytesMax limits the compressed and the decompressed body. */
        'Content-Encoding'?: '' | 'identity' | 'gzip' | 'deflate' | 'zstd'
        /** @description Makes a retry safe: the same key and body are published once, and ids that the gateway assigns are the same on every gateway. Remembered for an hour. */
        'Idempotency-Key'?: string
        /** @description W3C trace context; travels in the record header. */
        traceparent?: string
      }
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/cloudevents-batch+json': components['schemas']['CloudEvent'][]
        'application/cloudevents+json': components['schemas']['CloudEvent']
        'application/json': components['schemas']['Event'] | components['schemas']['Event'][]
        'application/x-ndjson': string
        'text/csv': string
      }
    }
    responses: {
      /** @description With wait: every event has a result or a dead letter. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['AwaitedEvents']
          'application/x-ndjson': string
        }
      }
      /** @description The broker has acknowledged all events. Ids are in the order of the request. With wait: some events have no outcome yet, and `pending` names them. */
      202: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json':
            components['schemas']['AcceptedEvents'] | components['schemas']['AwaitedEvents']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body did not arrive in time. Codes: `body_timeout`. */
      408: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_timeout",
           *       "title": "The request body did not arrive in the time allowed.",
           *       "status": 408,
           *       "detail": "The request body did not arrive in the time allowed.",
           *       "code": "body_timeout",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description It contradicts what is there: the Idempotency-Key was used for another body, or a version is in use. Codes: `idempotency_conflict`, `version_conflict`, `version_in_use`, `run_in_use`. */
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:idempotency_conflict",
           *       "title": "The Idempotency-Key was used for another body.",
           *       "status": 409,
           *       "detail": "The Idempotency-Key was used for another body.",
           *       "code": "idempotency_conflict",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body is too large, compressed or decompressed, or holds too many items. Codes: `body_too_large`, `batch_too_large`. */
      413: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_too_large",
           *       "title": "The request body is larger than allowed.",
           *       "status": 413,
           *       "detail": "The request body is larger than allowed.",
           *       "code": "body_too_large",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The content type, or the Content-Encoding, is not supported. Codes: `media_type_unsupported`. */
      415: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:media_type_unsupported",
           *       "title": "The content type is not supported.",
           *       "status": 415,
           *       "detail": "The content type is not supported.",
           *       "code": "media_type_unsupported",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request is well-formed, but cannot be done; `errors` names invalid items by their index. Codes: `items_invalid`, `model_incompatible`, `publish_refused`. */
      422: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:items_invalid",
           *       "title": "An item of the request is invalid; none of them was accepted.",
           *       "status": 422,
           *       "detail": "An item of the request is invalid; none of them was accepted.",
           *       "code": "items_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The broker, the database or the artifact store refused for good. Codes: `broker_refused`, `analytics_refused`, `store_refused`. */
      502: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:broker_refused",
           *       "title": "Kafka refused the record or the client for good.",
           *       "status": 502,
           *       "detail": "Kafka refused the record or the client for good.",
           *       "code": "broker_refused",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  postExplain: {
    parameters: {
      query?: never
      header?: {
        /** @description How the body is compressed. gateway.bodyBytesMax limits the compressed and the decompressed body. */
        'Content-Encoding'?: '' | 'identity' | 'gzip' | 'deflate' | 'zstd'
      }
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['ExplainRequest']
      }
    }
    responses: {
      /** @description The explanation. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Explanation']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing. Codes: `not_found`, `model_not_found`. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:not_found",
           *       "title": "There is nothing at this address.",
           *       "status": 404,
           *       "detail": "There is nothing at this address.",
           *       "code": "not_found",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body did not arrive in time. Codes: `body_timeout`. */
      408: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_timeout",
           *       "title": "The request body did not arrive in the time allowed.",
           *       "status": 408,
           *       "detail": "The request body did not arrive in the time allowed.",
           *       "code": "body_timeout",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body is too large, compressed or decompressed, or holds too many items. Codes: `body_too_large`, `batch_too_large`. */
      413: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_too_large",
           *       "title": "The request body is larger than allowed.",
           *       "status": 413,
           *       "detail": "The request body is larger than allowed.",
           *       "code": "body_too_large",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The content type, or the Content-Encoding, is not supported. Codes: `media_type_unsupported`. */
      415: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:media_type_unsupported",
           *       "title": "The content type is not supported.",
           *       "status": 415,
           *       "detail": "The content type is not supported.",
           *       "code": "media_type_unsupported",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request is well-formed, but cannot be done; `errors` names invalid items by their index. Codes: `items_invalid`, `model_incompatible`, `publish_refused`. */
      422: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:items_invalid",
           *       "title": "An item of the request is invalid; none of them was accepted.",
           *       "status": 422,
           *       "detail": "An item of the request is invalid; none of them was accepted.",
           *       "code": "items_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  postHooksByName: {
    parameters: {
      query?: {
        /** @description Seconds to wait until every event has a result or a dead letter. Needs the scope `read` too, and takes at most 100 events. */
        wait?: number
      }
      header?: {
        /** @description How the body is compressed. gateway.bodyBytesMax limits the compressed and the decompressed body. */
        'Content-Encoding'?: '' | 'identity' | 'gzip' | 'deflate' | 'zstd'
      }
      path: {
        /** @description The name of the hook in gateway.hooks. */
        name: string
      }
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': unknown
      }
    }
    responses: {
      /** @description With wait: every event has a result or a dead letter. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['AwaitedEvents']
        }
      }
      /** @description The broker has acknowledged all events. With wait: `pending` names some. */
      202: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json':
            components['schemas']['AcceptedEvents'] | components['schemas']['AwaitedEvents']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing. Codes: `not_found`, `model_not_found`. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:not_found",
           *       "title": "There is nothing at this address.",
           *       "status": 404,
           *       "detail": "There is nothing at this address.",
           *       "code": "not_found",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body did not arrive in time. Codes: `body_timeout`. */
      408: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_timeout",
           *       "title": "The request body did not arrive in the time allowed.",
           *       "status": 408,
           *       "detail": "The request body did not arrive in the time allowed.",
           *       "code": "body_timeout",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description It contradicts what is there: the Idempotency-Key was used for another body, or a version is in use. Codes: `idempotency_conflict`, `version_conflict`, `version_in_use`, `run_in_use`. */
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:idempotency_conflict",
           *       "title": "The Idempotency-Key was used for another body.",
           *       "status": 409,
           *       "detail": "The Idempotency-Key was used for another body.",
           *       "code": "idempotency_conflict",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body is too large, compressed or decompressed, or holds too many items. Codes: `body_too_large`, `batch_too_large`. */
      413: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_too_large",
           *       "title": "The request body is larger than allowed.",
           *       "status": 413,
           *       "detail": "The request body is larger than allowed.",
           *       "code": "body_too_large",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The content type, or the Content-Encoding, is not supported. Codes: `media_type_unsupported`. */
      415: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:media_type_unsupported",
           *       "title": "The content type is not supported.",
           *       "status": 415,
           *       "detail": "The content type is not supported.",
           *       "code": "media_type_unsupported",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request is well-formed, but cannot be done; `errors` names invalid items by their index. Codes: `items_invalid`, `model_incompatible`, `publish_refused`. */
      422: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:items_invalid",
           *       "title": "An item of the request is invalid; none of them was accepted.",
           *       "status": 422,
           *       "detail": "An item of the request is invalid; none of them was accepted.",
           *       "code": "items_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The broker, the database or the artifact store refused for good. Codes: `broker_refused`, `analytics_refused`, `store_refused`. */
      502: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:broker_refused",
           *       "title": "Kafka refused the record or the client for good.",
           *       "status": 502,
           *       "detail": "Kafka refused the record or the client for good.",
           *       "code": "broker_refused",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getLabellingAgreement: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description Those with the most labels first. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['LabelAgreement']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The broker, the database or the artifact store refused for good. Codes: `broker_refused`, `analytics_refused`, `store_refused`. */
      502: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:broker_refused",
           *       "title": "Kafka refused the record or the client for good.",
           *       "status": 502,
           *       "detail": "Kafka refused the record or the client for good.",
           *       "code": "broker_refused",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getLabellingQueue: {
    parameters: {
      query?: {
        /** @description Event ids to leave out, separated by commas; at most 200. */
        exclude?: string
        /** @description Most items, 1 to 100; 20 by default. */
        limit?: string
        /** @description NAME or NAME@VERSION; by default the model that the gateway serves. */
        model?: string
        /** @description Only events from this source. */
        source?: string
        /** @description Which events to choose; mixed, a few of each kind, by default. */
        strategy?: 'mixed' | 'uncertain' | 'diverse' | 'out-of-scope' | 'disagreement'
      }
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description The most useful first. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['LabellingQueue']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing. Codes: `not_found`, `model_not_found`. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:not_found",
           *       "title": "There is nothing at this address.",
           *       "status": 404,
           *       "detail": "There is nothing at this address.",
           *       "code": "not_found",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The broker, the database or the artifact store refused for good. Codes: `broker_refused`, `analytics_refused`, `store_refused`. */
      502: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:broker_refused",
           *       "title": "Kafka refused the record or the client for good.",
           *       "status": 502,
           *       "detail": "Kafka refused the record or the client for good.",
           *       "code": "broker_refused",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getLabellingSimilarById: {
    parameters: {
      query?: {
        /** @description Most events, 1 to 50; 10 by default. */
        limit?: string
      }
      header?: never
      path: {
        /** @description The event id, percent-encoded; slashes may also be left as they are. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description The most similar first. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['SimilarEvents']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing. Codes: `not_found`, `model_not_found`. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:not_found",
           *       "title": "There is nothing at this address.",
           *       "status": 404,
           *       "detail": "There is nothing at this address.",
           *       "code": "not_found",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The broker, the database or the artifact store refused for good. Codes: `broker_refused`, `analytics_refused`, `store_refused`. */
      502: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:broker_refused",
           *       "title": "Kafka refused the record or the client for good.",
           *       "status": 502,
           *       "detail": "Kafka refused the record or the client for good.",
           *       "code": "broker_refused",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getLabellingSuspicious: {
    parameters: {
      query?: {
        /** @description Most labels, 1 to 200; 50 by default. */
        limit?: string
        /** @description NAME or NAME@VERSION; by default the model that the gateway serves. */
        model?: string
        /** @description The least score of the model, 0 to 1; 0.8 by default. */
        scoreMin?: string
      }
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description The surest first. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['SuspiciousLabels']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing. Codes: `not_found`, `model_not_found`. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:not_found",
           *       "title": "There is nothing at this address.",
           *       "status": 404,
           *       "detail": "There is nothing at this address.",
           *       "code": "not_found",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The broker, the database or the artifact store refused for good. Codes: `broker_refused`, `analytics_refused`, `store_refused`. */
      502: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:broker_refused",
           *       "title": "Kafka refused the record or the client for good.",
           *       "status": 502,
           *       "detail": "Kafka refused the record or the client for good.",
           *       "code": "broker_refused",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  postLabels: {
    parameters: {
      query?: never
      header?: {
        /** @description How the body is compressed. gateway.bodyBytesMax limits the compressed and the decompressed body. */
        'Content-Encoding'?: '' | 'identity' | 'gzip' | 'deflate' | 'zstd'
      }
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['Label'] | components['schemas']['Label'][]
        'application/x-ndjson': string
      }
    }
    responses: {
      /** @description The broker has acknowledged all labels. */
      202: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['AcceptedLabels']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body did not arrive in time. Codes: `body_timeout`. */
      408: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_timeout",
           *       "title": "The request body did not arrive in the time allowed.",
           *       "status": 408,
           *       "detail": "The request body did not arrive in the time allowed.",
           *       "code": "body_timeout",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body is too large, compressed or decompressed, or holds too many items. Codes: `body_too_large`, `batch_too_large`. */
      413: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_too_large",
           *       "title": "The request body is larger than allowed.",
           *       "status": 413,
           *       "detail": "The request body is larger than allowed.",
           *       "code": "body_too_large",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The content type, or the Content-Encoding, is not supported. Codes: `media_type_unsupported`. */
      415: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:media_type_unsupported",
           *       "title": "The content type is not supported.",
           *       "status": 415,
           *       "detail": "The content type is not supported.",
           *       "code": "media_type_unsupported",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request is well-formed, but cannot be done; `errors` names invalid items by their index. Codes: `items_invalid`, `model_incompatible`, `publish_refused`. */
      422: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:items_invalid",
           *       "title": "An item of the request is invalid; none of them was accepted.",
           *       "status": 422,
           *       "detail": "An item of the request is invalid; none of them was accepted.",
           *       "code": "items_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The broker, the database or the artifact store refused for good. Codes: `broker_refused`, `analytics_refused`, `store_refused`. */
      502: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:broker_refused",
           *       "title": "Kafka refused the record or the client for good.",
           *       "status": 502,
           *       "detail": "Kafka refused the record or the client for good.",
           *       "code": "broker_refused",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getMe: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description The caller. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Me']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getModels: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description By name; versions oldest first. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ModelList']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  postModelsByNameChallenge: {
    parameters: {
      query?: never
      header?: {
        /** @description How the body is compressed. gateway.bodyBytesMax limits the compressed and the decompressed body. */
        'Content-Encoding'?: '' | 'identity' | 'gzip' | 'deflate' | 'zstd'
      }
      path: {
        /** @description The name of the model. */
        name: string
      }
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['ShareRequest']
      }
    }
    responses: {
      /** @description Announced to all consumers. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ModelChange']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing. Codes: `not_found`, `model_not_found`. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:not_found",
           *       "title": "There is nothing at this address.",
           *       "status": 404,
           *       "detail": "There is nothing at this address.",
           *       "code": "not_found",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body did not arrive in time. Codes: `body_timeout`. */
      408: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_timeout",
           *       "title": "The request body did not arrive in the time allowed.",
           *       "status": 408,
           *       "detail": "The request body did not arrive in the time allowed.",
           *       "code": "body_timeout",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The version cannot have this role now. Codes: `idempotency_conflict`, `version_conflict`, `version_in_use`, `run_in_use`. */
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:idempotency_conflict",
           *       "title": "The Idempotency-Key was used for another body.",
           *       "status": 409,
           *       "detail": "The Idempotency-Key was used for another body.",
           *       "code": "idempotency_conflict",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body is too large, compressed or decompressed, or holds too many items. Codes: `body_too_large`, `batch_too_large`. */
      413: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_too_large",
           *       "title": "The request body is larger than allowed.",
           *       "status": 413,
           *       "detail": "The request body is larger than allowed.",
           *       "code": "body_too_large",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The content type, or the Content-Encoding, is not supported. Codes: `media_type_unsupported`. */
      415: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:media_type_unsupported",
           *       "title": "The content type is not supported.",
           *       "status": 415,
           *       "detail": "The content type is not supported.",
           *       "code": "media_type_unsupported",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The gate refuses the version; `force` gives a reason to overrule it. Codes: `items_invalid`, `model_incompatible`, `publish_refused`. */
      422: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:items_invalid",
           *       "title": "An item of the request is invalid; none of them was accepted.",
           *       "status": 422,
           *       "detail": "An item of the request is invalid; none of them was accepted.",
           *       "code": "items_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The broker, the database or the artifact store refused for good. Codes: `broker_refused`, `analytics_refused`, `store_refused`. */
      502: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:broker_refused",
           *       "title": "Kafka refused the record or the client for good.",
           *       "status": 502,
           *       "detail": "Kafka refused the record or the client for good.",
           *       "code": "broker_refused",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getModelsByNameCompare: {
    parameters: {
      query: {
        /** @description The first version: its number, or champion. */
        a: string
        /** @description The second version: its number, or champion. */
        b: string
      }
      header?: never
      path: {
        /** @description The name of the model. */
        name: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description The comparison. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ModelComparison']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing. Codes: `not_found`, `model_not_found`. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:not_found",
           *       "title": "There is nothing at this address.",
           *       "status": 404,
           *       "detail": "There is nothing at this address.",
           *       "code": "not_found",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The broker, the database or the artifact store refused for good. Codes: `broker_refused`, `analytics_refused`, `store_refused`. */
      502: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:broker_refused",
           *       "title": "Kafka refused the record or the client for good.",
           *       "status": 502,
           *       "detail": "Kafka refused the record or the client for good.",
           *       "code": "broker_refused",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  postModelsByNamePromote: {
    parameters: {
      query?: never
      header?: {
        /** @description How the body is compressed. gateway.bodyBytesMax limits the compressed and the decompressed body. */
        'Content-Encoding'?: '' | 'identity' | 'gzip' | 'deflate' | 'zstd'
      }
      path: {
        /** @description The name of the model. */
        name: string
      }
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['PromoteRequest']
      }
    }
    responses: {
      /** @description Announced to all consumers. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ModelChange']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing. Codes: `not_found`, `model_not_found`. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:not_found",
           *       "title": "There is nothing at this address.",
           *       "status": 404,
           *       "detail": "There is nothing at this address.",
           *       "code": "not_found",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body did not arrive in time. Codes: `body_timeout`. */
      408: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_timeout",
           *       "title": "The request body did not arrive in the time allowed.",
           *       "status": 408,
           *       "detail": "The request body did not arrive in the time allowed.",
           *       "code": "body_timeout",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The version cannot have this role now. Codes: `idempotency_conflict`, `version_conflict`, `version_in_use`, `run_in_use`. */
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:idempotency_conflict",
           *       "title": "The Idempotency-Key was used for another body.",
           *       "status": 409,
           *       "detail": "The Idempotency-Key was used for another body.",
           *       "code": "idempotency_conflict",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body is too large, compressed or decompressed, or holds too many items. Codes: `body_too_large`, `batch_too_large`. */
      413: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_too_large",
           *       "title": "The request body is larger than allowed.",
           *       "status": 413,
           *       "detail": "The request body is larger than allowed.",
           *       "code": "body_too_large",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The content type, or the Content-Encoding, is not supported. Codes: `media_type_unsupported`. */
      415: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:media_type_unsupported",
           *       "title": "The content type is not supported.",
           *       "status": 415,
           *       "detail": "The content type is not supported.",
           *       "code": "media_type_unsupported",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The gate refuses the version; `force` gives a reason to overrule it. Codes: `items_invalid`, `model_incompatible`, `publish_refused`. */
      422: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:items_invalid",
           *       "title": "An item of the request is invalid; none of them was accepted.",
           *       "status": 422,
           *       "detail": "An item of the request is invalid; none of them was accepted.",
           *       "code": "items_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The broker, the database or the artifact store refused for good. Codes: `broker_refused`, `analytics_refused`, `store_refused`. */
      502: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:broker_refused",
           *       "title": "Kafka refused the record or the client for good.",
           *       "status": 502,
           *       "detail": "Kafka refused the record or the client for good.",
           *       "code": "broker_refused",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getModelsByNameReleases: {
    parameters: {
      query?: {
        /** @description Most releases, 1 to 500; 100 by default. */
        limit?: string
      }
      header?: never
      path: {
        /** @description The name of the model. */
        name: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description Newest first. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ModelReleases']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing. Codes: `not_found`, `model_not_found`. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:not_found",
           *       "title": "There is nothing at this address.",
           *       "status": 404,
           *       "detail": "There is nothing at this address.",
           *       "code": "not_found",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The broker, the database or the artifact store refused for good. Codes: `broker_refused`, `analytics_refused`, `store_refused`. */
      502: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:broker_refused",
           *       "title": "Kafka refused the record or the client for good.",
           *       "status": 502,
           *       "detail": "Kafka refused the record or the client for good.",
           *       "code": "broker_refused",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  postModelsByNameRollback: {
    parameters: {
      query?: never
      header?: {
        /** @description How the body is compressed. gateway.bodyBytesMax limits the compressed and the decompressed body. */
        'Content-Encoding'?: '' | 'identity' | 'gzip' | 'deflate' | 'zstd'
      }
      path: {
        /** @description The name of the model. */
        name: string
      }
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['RollbackRequest']
      }
    }
    responses: {
      /** @description Announced to all consumers. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ModelChange']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing. Codes: `not_found`, `model_not_found`. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:not_found",
           *       "title": "There is nothing at this address.",
           *       "status": 404,
           *       "detail": "There is nothing at this address.",
           *       "code": "not_found",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body did not arrive in time. Codes: `body_timeout`. */
      408: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_timeout",
           *       "title": "The request body did not arrive in the time allowed.",
           *       "status": 408,
           *       "detail": "The request body did not arrive in the time allowed.",
           *       "code": "body_timeout",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The version cannot have this role now. Codes: `idempotency_conflict`, `version_conflict`, `version_in_use`, `run_in_use`. */
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:idempotency_conflict",
           *       "title": "The Idempotency-Key was used for another body.",
           *       "status": 409,
           *       "detail": "The Idempotency-Key was used for another body.",
           *       "code": "idempotency_conflict",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body is too large, compressed or decompressed, or holds too many items. Codes: `body_too_large`, `batch_too_large`. */
      413: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_too_large",
           *       "title": "The request body is larger than allowed.",
           *       "status": 413,
           *       "detail": "The request body is larger than allowed.",
           *       "code": "body_too_large",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The content type, or the Content-Encoding, is not supported. Codes: `media_type_unsupported`. */
      415: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:media_type_unsupported",
           *       "title": "The content type is not supported.",
           *       "status": 415,
           *       "detail": "The content type is not supported.",
           *       "code": "media_type_unsupported",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The gate refuses the version; `force` gives a reason to overrule it. Codes: `items_invalid`, `model_incompatible`, `publish_refused`. */
      422: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:items_invalid",
           *       "title": "An item of the request is invalid; none of them was accepted.",
           *       "status": 422,
           *       "detail": "An item of the request is invalid; none of them was accepted.",
           *       "code": "items_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The broker, the database or the artifact store refused for good. Codes: `broker_refused`, `analytics_refused`, `store_refused`. */
      502: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:broker_refused",
           *       "title": "Kafka refused the record or the client for good.",
           *       "status": 502,
           *       "detail": "Kafka refused the record or the client for good.",
           *       "code": "broker_refused",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  postModelsByNameShadow: {
    parameters: {
      query?: never
      header?: {
        /** @description How the body is compressed. gateway.bodyBytesMax limits the compressed and the decompressed body. */
        'Content-Encoding'?: '' | 'identity' | 'gzip' | 'deflate' | 'zstd'
      }
      path: {
        /** @description The name of the model. */
        name: string
      }
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['ShareRequest']
      }
    }
    responses: {
      /** @description Announced to all consumers. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ModelChange']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing. Codes: `not_found`, `model_not_found`. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:not_found",
           *       "title": "There is nothing at this address.",
           *       "status": 404,
           *       "detail": "There is nothing at this address.",
           *       "code": "not_found",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body did not arrive in time. Codes: `body_timeout`. */
      408: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_timeout",
           *       "title": "The request body did not arrive in the time allowed.",
           *       "status": 408,
           *       "detail": "The request body did not arrive in the time allowed.",
           *       "code": "body_timeout",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The version cannot have this role now. Codes: `idempotency_conflict`, `version_conflict`, `version_in_use`, `run_in_use`. */
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:idempotency_conflict",
           *       "title": "The Idempotency-Key was used for another body.",
           *       "status": 409,
           *       "detail": "The Idempotency-Key was used for another body.",
           *       "code": "idempotency_conflict",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body is too large, compressed or decompressed, or holds too many items. Codes: `body_too_large`, `batch_too_large`. */
      413: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_too_large",
           *       "title": "The request body is larger than allowed.",
           *       "status": 413,
           *       "detail": "The request body is larger than allowed.",
           *       "code": "body_too_large",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The content type, or the Content-Encoding, is not supported. Codes: `media_type_unsupported`. */
      415: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:media_type_unsupported",
           *       "title": "The content type is not supported.",
           *       "status": 415,
           *       "detail": "The content type is not supported.",
           *       "code": "media_type_unsupported",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The gate refuses the version; `force` gives a reason to overrule it. Codes: `items_invalid`, `model_incompatible`, `publish_refused`. */
      422: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:items_invalid",
           *       "title": "An item of the request is invalid; none of them was accepted.",
           *       "status": 422,
           *       "detail": "An item of the request is invalid; none of them was accepted.",
           *       "code": "items_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The broker, the database or the artifact store refused for good. Codes: `broker_refused`, `analytics_refused`, `store_refused`. */
      502: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:broker_refused",
           *       "title": "Kafka refused the record or the client for good.",
           *       "status": 502,
           *       "detail": "Kafka refused the record or the client for good.",
           *       "code": "broker_refused",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getModelsByNameVersionsByVersionReport: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The name of the model. */
        name: string
        /** @description The number of the version. */
        version: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description An HTML page without links to other files, in a sandbox of its own. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'text/html': string
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing. Codes: `not_found`, `model_not_found`. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:not_found",
           *       "title": "There is nothing at this address.",
           *       "status": 404,
           *       "detail": "There is nothing at this address.",
           *       "code": "not_found",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getResults: {
    parameters: {
      query?: {
        /** @description The cursor of the previous page. */
        cursor?: string
        /** @description Only this predicted label. */
        label?: string
        /** @description Most results of one page, 1 to 1000; 100 by default. */
        limit?: string
        /** @description Only results of this model: NAME or NAME@VERSION. */
        model?: string
        /** @description Only texts that contain this, in upper or lower case. */
        q?: string
        /** @description Only results whose score is lower, from 0 to 1. */
        scoreBelow?: string
        /** @description Classified at or after this time: RFC 3339 or epoch milliseconds. */
        since?: string
        /** @description Only events from this source. */
        source?: string
        /** @description Classified before this time, which must be after since for any results: RFC 3339 or epoch milliseconds. */
        until?: string
      }
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description One page. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ResultPage']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The broker, the database or the artifact store refused for good. Codes: `broker_refused`, `analytics_refused`, `store_refused`. */
      502: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:broker_refused",
           *       "title": "Kafka refused the record or the client for good.",
           *       "status": 502,
           *       "detail": "Kafka refused the record or the client for good.",
           *       "code": "broker_refused",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getResultsById: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The event id, percent-encoded; slashes may also be left as they are. Every possible event id can be read this way. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description At least one result. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ResultsOfEvent']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing. Codes: `not_found`, `model_not_found`. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:not_found",
           *       "title": "There is nothing at this address.",
           *       "status": 404,
           *       "detail": "There is nothing at this address.",
           *       "code": "not_found",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The broker, the database or the artifact store refused for good. Codes: `broker_refused`, `analytics_refused`, `store_refused`. */
      502: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:broker_refused",
           *       "title": "Kafka refused the record or the client for good.",
           *       "status": 502,
           *       "detail": "Kafka refused the record or the client for good.",
           *       "code": "broker_refused",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getRuns: {
    parameters: {
      query?: {
        /** @description The cursor of the previous page. */
        cursor?: string
        /** @description Only runs of one command. */
        kind?: 'train' | 'cv' | 'tune'
        /** @description Most runs of one page, 1 to 200; 50 by default. */
        limit?: string
        /** @description Only runs of this model, or of a cross-validation of this name. */
        model?: string
      }
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description One page, newest first. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['RunPage']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getRunsByRun: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The whole name of the run. */
        run: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description The run. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Run']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing. Codes: `not_found`, `model_not_found`. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:not_found",
           *       "title": "There is nothing at this address.",
           *       "status": 404,
           *       "detail": "There is nothing at this address.",
           *       "code": "not_found",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getRunsByRunReport: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The whole name of the run. */
        run: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description An HTML page without links to other files, in a sandbox of its own. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'text/html': string
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing. Codes: `not_found`, `model_not_found`. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:not_found",
           *       "title": "There is nothing at this address.",
           *       "status": 404,
           *       "detail": "There is nothing at this address.",
           *       "code": "not_found",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getStream: {
    parameters: {
      query?: {
        /** @description Only this predicted label. */
        label?: string
        /** @description As the header Last-Event-ID, for clients that cannot send it. */
        lastEventId?: string
        /** @description Only results of this model: NAME or NAME@VERSION. */
        model?: string
        /** @description Only texts that contain this, in upper or lower case. */
        q?: string
        /** @description Only events from this source. */
        source?: string
      }
      header?: {
        /** @description The id of the last event that was read: the stream goes on after it. */
        'Last-Event-ID'?: string
      }
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description Events until one side closes the connection. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'text/event-stream': {
            /** @description JSON. */
            data?: string
            /** @enum {string} */
            event?: 'ready' | 'result' | 'closed'
            /** @description What to resume with. */
            id?: string
            /** @description Milliseconds before reconnecting. */
            retry?: number
          }
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The cursor is too old. Codes: `cursor_expired`. */
      410: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:cursor_expired",
           *       "title": "Too much has happened since the event at which a stream is to resume.",
           *       "status": 410,
           *       "detail": "Too much has happened since the event at which a stream is to resume.",
           *       "code": "cursor_expired",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The tables in ClickHouse are spread over servers in a way that does not allow this. Codes: `analytics_unsupported`. */
      501: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:analytics_unsupported",
           *       "title": "ClickHouse, as it is set up, does not support this: its version, or how its tables are spread.",
           *       "status": 501,
           *       "detail": "ClickHouse, as it is set up, does not support this: its version, or how its tables are spread.",
           *       "code": "analytics_unsupported",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The broker, the database or the artifact store refused for good. Codes: `broker_refused`, `analytics_refused`, `store_refused`. */
      502: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:broker_refused",
           *       "title": "Kafka refused the record or the client for good.",
           *       "status": 502,
           *       "detail": "Kafka refused the record or the client for good.",
           *       "code": "broker_refused",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  postTokenize: {
    parameters: {
      query?: never
      header?: {
        /** @description How the body is compressed. gateway.bodyBytesMax limits the compressed and the decompressed body. */
        'Content-Encoding'?: '' | 'identity' | 'gzip' | 'deflate' | 'zstd'
      }
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['TokenizeRequest']
      }
    }
    responses: {
      /** @description The tokens of each text. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['TokenizeResponse']
        }
      }
      /** @description The body, a header or a parameter is malformed. Codes: `parameter_invalid`, `body_invalid`. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:parameter_invalid",
           *       "title": "A path or query parameter is wrong.",
           *       "status": 400,
           *       "detail": "A path or query parameter is wrong.",
           *       "code": "parameter_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A valid API key is needed. Codes: `unauthorized`. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:unauthorized",
           *       "title": "A valid API key is needed.",
           *       "status": 401,
           *       "detail": "A valid API key is needed.",
           *       "code": "unauthorized",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. Codes: `forbidden`. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:forbidden",
           *       "title": "The API key lacks the scope that this needs.",
           *       "status": 403,
           *       "detail": "The API key lacks the scope that this needs.",
           *       "code": "forbidden",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing. Codes: `not_found`, `model_not_found`. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:not_found",
           *       "title": "There is nothing at this address.",
           *       "status": 404,
           *       "detail": "There is nothing at this address.",
           *       "code": "not_found",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body did not arrive in time. Codes: `body_timeout`. */
      408: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_timeout",
           *       "title": "The request body did not arrive in the time allowed.",
           *       "status": 408,
           *       "detail": "The request body did not arrive in the time allowed.",
           *       "code": "body_timeout",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body is too large, compressed or decompressed, or holds too many items. Codes: `body_too_large`, `batch_too_large`. */
      413: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:body_too_large",
           *       "title": "The request body is larger than allowed.",
           *       "status": 413,
           *       "detail": "The request body is larger than allowed.",
           *       "code": "body_too_large",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The content type, or the Content-Encoding, is not supported. Codes: `media_type_unsupported`. */
      415: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:media_type_unsupported",
           *       "title": "The content type is not supported.",
           *       "status": 415,
           *       "detail": "The content type is not supported.",
           *       "code": "media_type_unsupported",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request is well-formed, but cannot be done; `errors` names invalid items by their index. Codes: `items_invalid`, `model_incompatible`, `publish_refused`. */
      422: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:items_invalid",
           *       "title": "An item of the request is invalid; none of them was accepted.",
           *       "status": 422,
           *       "detail": "An item of the request is invalid; none of them was accepted.",
           *       "code": "items_invalid",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The caller sent too much within a minute; see Retry-After. Codes: `rate_limited`. */
      429: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:rate_limited",
           *       "title": "The caller has used up its share of a minute.",
           *       "status": 429,
           *       "detail": "The caller has used up its share of a minute.",
           *       "code": "rate_limited",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow. Codes: `internal`. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:internal",
           *       "title": "A defect in Winnow.",
           *       "status": 500,
           *       "detail": "A defect in Winnow.",
           *       "code": "internal",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. Codes: `queue_full`, `broker_unavailable`, `analytics_unavailable`, `model_unavailable`. */
      503: {
        headers: {
          /** @description Seconds to wait. */
          'Retry-After'?: number
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:queue_full",
           *       "title": "A bounded queue is full; try again later.",
           *       "status": 503,
           *       "detail": "A bounded queue is full; try again later.",
           *       "code": "queue_full",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The request was not answered in time. Codes: `deadline_exceeded`. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          /**
           * @example {
           *       "type": "urn:winnow:error:deadline_exceeded",
           *       "title": "The work was not done in the time allowed.",
           *       "status": 504,
           *       "detail": "The work was not done in the time allowed.",
           *       "code": "deadline_exceeded",
           *       "instance": "urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1"
           *     }
           */
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getV2: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description The server. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceServer']
        }
      }
      /** @description A valid API key is needed. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The API key lacks the scope read; or the request came from another site. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow, or a damaged model version. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
    }
  }
  getV2HealthLive: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description It answers. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceLive']
        }
      }
      /** @description The API key lacks the scope read; or the request came from another site. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
    }
  }
  getV2HealthReady: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description They can. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceReady']
        }
      }
      /** @description The API key lacks the scope read; or the request came from another site. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description Overloaded, or no model is loaded; see Retry-After. */
      503: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
    }
  }
  getV2ModelsByName: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The name of a model. Without a version, the one that serves, or the champion. */
        name: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description The model. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceModel']
        }
      }
      /** @description A valid API key is needed. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The API key lacks the scope read; or the request came from another site. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description There is no such model, or no such version of it. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow, or a damaged model version. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description Overloaded, or no model is loaded; see Retry-After. */
      503: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The request was not answered in time. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
    }
  }
  postV2ModelsByNameInfer: {
    parameters: {
      query?: never
      header?: {
        /** @description How the body is compressed. gateway.bodyBytesMax limits the compressed and the decompressed body. */
        'Content-Encoding'?: '' | 'identity' | 'gzip' | 'deflate' | 'zstd'
        /** @description The length of the JSON, if binary tensors follow it. */
        'Inference-Header-Content-Length'?: number
      }
      path: {
        /** @description The name of a model. Without a version, the one that serves, or the champion. */
        name: string
      }
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['InferenceRequest']
        'application/octet-stream': string
      }
    }
    responses: {
      /** @description One row for each text. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceResponse']
          'application/octet-stream': string
        }
      }
      /** @description The request is malformed, or asks for tensors that the model does not have. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description A valid API key is needed. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The API key lacks the scope read; or the request came from another site. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description There is no such model, or no such version of it. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The body did not arrive in time. */
      408: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The body is too large, or holds too many texts. */
      413: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The content type, or the Content-Encoding, is not supported. */
      415: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description A text is invalid, or the model cannot classify it. */
      422: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow, or a damaged model version. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description Overloaded, or no model is loaded; see Retry-After. */
      503: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The request was not answered in time. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
    }
  }
  getV2ModelsByNameReady: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The name of a model. Without a version, the one that serves, or the champion. */
        name: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description There is. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceModelReady']
        }
      }
      /** @description A valid API key is needed. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The API key lacks the scope read; or the request came from another site. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description There is no such model, or no such version of it. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow, or a damaged model version. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description Overloaded, or no model is loaded; see Retry-After. */
      503: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The request was not answered in time. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
    }
  }
  getV2ModelsByNameVersionsByVersion: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The name of a model. Without a version, the one that serves, or the champion. */
        name: string
        /** @description A number, or `champion`. */
        version: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description The model. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceModel']
        }
      }
      /** @description A valid API key is needed. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The API key lacks the scope read; or the request came from another site. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description There is no such model, or no such version of it. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow, or a damaged model version. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description Overloaded, or no model is loaded; see Retry-After. */
      503: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The request was not answered in time. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
    }
  }
  postV2ModelsByNameVersionsByVersionInfer: {
    parameters: {
      query?: never
      header?: {
        /** @description How the body is compressed. gateway.bodyBytesMax limits the compressed and the decompressed body. */
        'Content-Encoding'?: '' | 'identity' | 'gzip' | 'deflate' | 'zstd'
        /** @description The length of the JSON, if binary tensors follow it. */
        'Inference-Header-Content-Length'?: number
      }
      path: {
        /** @description The name of a model. Without a version, the one that serves, or the champion. */
        name: string
        /** @description A number, or `champion`. */
        version: string
      }
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['InferenceRequest']
        'application/octet-stream': string
      }
    }
    responses: {
      /** @description One row for each text. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceResponse']
          'application/octet-stream': string
        }
      }
      /** @description The request is malformed, or asks for tensors that the model does not have. */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description A valid API key is needed. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The API key lacks the scope read; or the request came from another site. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description There is no such model, or no such version of it. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The body did not arrive in time. */
      408: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The body is too large, or holds too many texts. */
      413: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The content type, or the Content-Encoding, is not supported. */
      415: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description A text is invalid, or the model cannot classify it. */
      422: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow, or a damaged model version. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description Overloaded, or no model is loaded; see Retry-After. */
      503: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The request was not answered in time. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
    }
  }
  getV2ModelsByNameVersionsByVersionReady: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The name of a model. Without a version, the one that serves, or the champion. */
        name: string
        /** @description A number, or `champion`. */
        version: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description There is. */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceModelReady']
        }
      }
      /** @description A valid API key is needed. */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The API key lacks the scope read; or the request came from another site. */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description There is no such model, or no such version of it. */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The request line and the headers are together larger than 16 KiB. */
      431: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A defect in Winnow, or a damaged model version. */
      500: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description Overloaded, or no model is loaded; see Retry-After. */
      503: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
      /** @description The request was not answered in time. */
      504: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['InferenceError']
        }
      }
    }
  }
}
