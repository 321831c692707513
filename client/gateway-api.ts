// The routes of the gateway as types, for openapi-fetch. Generated from GET /openapi.json by
// `npm run docs:client`; do not edit.
export interface paths {
  '/livez': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /** Check that the process is running */
    get: {
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
        /** @description The body, a header or a parameter is malformed. */
        400: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. */
        403: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
      }
    }
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
    /** Metrics in Prometheus text format */
    get: {
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
        /** @description The body, a header or a parameter is malformed. */
        400: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description A valid API key is needed. */
        401: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. */
        403: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description A defect in Winnow. */
        500: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
      }
    }
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
    /** This document */
    get: {
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
        /** @description The body, a header or a parameter is malformed. */
        400: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. */
        403: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
      }
    }
    put?: never
    post?: never
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
    get: {
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
        /** @description The body, a header or a parameter is malformed. */
        400: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. */
        403: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
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
     */
    post: {
      parameters: {
        query?: never
        header?: {
          /** @description How the body is compressed. gateway.bodyBytesMax limits the compressed and the decompressed body. */
          'Content-Encoding'?: 'identity' | 'gzip' | 'deflate'
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
        /** @description The body, a header or a parameter is malformed. */
        400: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description A valid API key is needed. */
        401: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. */
        403: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description Not found. */
        404: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The body did not arrive in time. */
        408: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The body is too large, compressed or decompressed, or holds too many items. */
        413: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The content type, or the Content-Encoding, is not supported. */
        415: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description At least one item is invalid; `errors` names each by its index. */
        422: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description A defect in Winnow. */
        500: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. */
        503: {
          headers: {
            /** @description Seconds to wait. */
            'Retry-After'?: number
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The request was not answered in time. */
        504: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
      }
    }
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
     * @description One event, an array, or NDJSON, with at most gateway.batchEventsMax events. All events are checked first; if one is invalid, nothing is published. The response is 202 once the broker has acknowledged all events. After 503 or 504 some may have been published: repeat the same body with the same Idempotency-Key, and repeated events are dropped.
     */
    post: {
      parameters: {
        query?: never
        header?: {
          /** @description How the body is compressed. gateway.bodyBytesMax limits the compressed and the decompressed body. */
          'Content-Encoding'?: 'identity' | 'gzip' | 'deflate'
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
          'application/json': components['schemas']['Event'] | components['schemas']['Event'][]
          'application/x-ndjson': string
        }
      }
      responses: {
        /** @description The broker has acknowledged all events. Ids are in the order of the request. */
        202: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['AcceptedEvents']
          }
        }
        /** @description The body, a header or a parameter is malformed. */
        400: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description A valid API key is needed. */
        401: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. */
        403: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The body did not arrive in time. */
        408: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The Idempotency-Key was used for another body. */
        409: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The body is too large, compressed or decompressed, or holds too many items. */
        413: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The content type, or the Content-Encoding, is not supported. */
        415: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description At least one item is invalid; `errors` names each by its index. */
        422: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description A defect in Winnow. */
        500: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The broker or the database refused for good. */
        502: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. */
        503: {
          headers: {
            /** @description Seconds to wait. */
            'Retry-After'?: number
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The request was not answered in time. */
        504: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
      }
    }
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
     */
    post: {
      parameters: {
        query?: never
        header?: {
          /** @description How the body is compressed. gateway.bodyBytesMax limits the compressed and the decompressed body. */
          'Content-Encoding'?: 'identity' | 'gzip' | 'deflate'
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
        /** @description The body, a header or a parameter is malformed. */
        400: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description A valid API key is needed. */
        401: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. */
        403: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description Not found. */
        404: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The body did not arrive in time. */
        408: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The body is too large, compressed or decompressed, or holds too many items. */
        413: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The content type, or the Content-Encoding, is not supported. */
        415: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description At least one item is invalid; `errors` names each by its index. */
        422: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description A defect in Winnow. */
        500: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. */
        503: {
          headers: {
            /** @description Seconds to wait. */
            'Retry-After'?: number
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The request was not answered in time. */
        504: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
      }
    }
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
     */
    post: {
      parameters: {
        query?: never
        header?: {
          /** @description How the body is compressed. gateway.bodyBytesMax limits the compressed and the decompressed body. */
          'Content-Encoding'?: 'identity' | 'gzip' | 'deflate'
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
        /** @description The body, a header or a parameter is malformed. */
        400: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description A valid API key is needed. */
        401: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. */
        403: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The body did not arrive in time. */
        408: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The body is too large, compressed or decompressed, or holds too many items. */
        413: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The content type, or the Content-Encoding, is not supported. */
        415: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description At least one item is invalid; `errors` names each by its index. */
        422: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description A defect in Winnow. */
        500: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The broker or the database refused for good. */
        502: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. */
        503: {
          headers: {
            /** @description Seconds to wait. */
            'Retry-After'?: number
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The request was not answered in time. */
        504: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
      }
    }
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
    /** Stored results, newest first */
    get: {
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
        /** @description The body, a header or a parameter is malformed. */
        400: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description A valid API key is needed. */
        401: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. */
        403: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description A defect in Winnow. */
        500: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The broker or the database refused for good. */
        502: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. */
        503: {
          headers: {
            /** @description Seconds to wait. */
            'Retry-After'?: number
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The request was not answered in time. */
        504: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
      }
    }
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
    /** Results of one event */
    get: {
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
        /** @description The body, a header or a parameter is malformed. */
        400: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description A valid API key is needed. */
        401: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The API key lacks the scope; or, in a gateway without keys, the request came from another site. */
        403: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description Not found. */
        404: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description A defect in Winnow. */
        500: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The broker or the database refused for good. */
        502: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description Overloaded, or a dependency of the gateway does not answer; see Retry-After. */
        503: {
          headers: {
            /** @description Seconds to wait. */
            'Retry-After'?: number
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
        /** @description The request was not answered in time. */
        504: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/problem+json': components['schemas']['Problem']
          }
        }
      }
    }
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
     *       "texts": [
     *         "My invoice is wrong",
     *         "Cheap watches, click here"
     *       ]
     *     }
     */
    ClassifyRequest: {
      /** @description NAME or NAME@VERSION; refused if the gateway serves another model. */
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
     *           "truncated": false
     *         }
     *       ]
     *     }
     */
    ClassifyResponse: {
      /** @description NAME@VERSION of the model that answered. */
      model: string
      results: (
        | {
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
        | 'schema_unknown'
        | 'schema_mismatch'
        | 'utf8_invalid'
        | 'json_invalid'
        | 'event_not_object'
        | 'field_missing'
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
        | 'config_invalid'
        | 'usage'
        | 'prerequisite_missing'
        | 'port_taken'
        | 'service_start_failed'
        | 'broker_unavailable'
        | 'broker_refused'
        | 'registry_unavailable'
        | 'schema_incompatible'
        | 'analytics_unavailable'
        | 'analytics_refused'
        | 'fenced'
        | 'group_conflict'
        | 'migration_changed'
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
        | 'not_found'
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
          | 'schema_unknown'
          | 'schema_mismatch'
          | 'utf8_invalid'
          | 'json_invalid'
          | 'event_not_object'
          | 'field_missing'
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
        field?: string
        index: number
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
     *       "queueMs": 4.5,
     *       "inferMs": 12.25,
     *       "totalMs": 120
     *     }
     */
    Result: {
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
      results: {
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
      }[]
    }
    /** @description The results of one event, one per model version, newest first. */
    ResultsOfEvent: {
      id: string
      results: {
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
export type operations = Record<string, never>
