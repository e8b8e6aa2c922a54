// What a route is: its rule, its words for the reader, the schemas of what comes in and goes out, and its work.
import type { ResponseHeader } from '@waybill/shared/contract/headers.ts'
import type { ErrorCode } from '@waybill/shared/vocabulary/errors.ts'
import type { Request, Response } from 'express'
import type { z } from 'zod'

export type Method = 'get' | 'post' | 'patch' | 'delete'

/** Who may call: anybody, without a token; anybody with a valid one (who then sees their own only); admins. */
export type Access = 'anybody' | 'caller' | 'admin'

/** How the document groups the routes, in this order. */
export const TAGS = {
  Exports: 'Create exports, follow their status and download their files.',
  Datasets: 'The datasets that can be exported: columns, filters and formats.',
  Webhooks: 'Notifications when exports end: endpoints, secrets and deliveries.',
  Audit: 'The audit trail: who requested, downloaded or changed what, and when.',
  Access: 'Authentication: API keys and the identity behind a token.',
  System: 'Health checks, metrics and the API document.',
} as const
export type Tag = keyof typeof TAGS

/** One answer that is no error. */
export interface Answer {
  readonly description: string
  /** Of the body; absent: there is none. The handler's answers are held to it. */
  readonly body?: z.ZodType
  /** Of the body; default: made of the examples of its schema. */
  readonly example?: unknown
  /** Default: `application/json`. */
  readonly contentType?: string
  readonly headers?: Readonly<Partial<Record<ResponseHeader, 'always' | 'sometimes'>>>
}

export type Answers = Readonly<Partial<Record<200 | 201 | 202 | 204 | 303 | 304 | 503, Answer>>>
export type HeaderSchemas = Readonly<Record<string, z.ZodType>>

/** What is the same for all routes once it is mounted. */
export interface Route {
  readonly method: Method
  /** As Express has it: `/v1/exports/:id`. */
  readonly path: string
  readonly access: Access
  /** The name of the call in generated clients: it never changes. */
  readonly operationId: string
  readonly tag: Tag
  /** What it does, in one line. */
  readonly summary: string
  readonly description?: string
  /** One for each name in the path. What does not fit is nobody's: 404. */
  readonly params?: Readonly<Record<string, z.ZodType<string>>>
  /** Request headers that matter, by their names. */
  readonly headers?: HeaderSchemas
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  /** What readers see instead of `body`, where a part of it is known only here: the datasets. */
  readonly documentedBody?: z.ZodType
  readonly answers: Answers
  /** Errors of its own; those that follow from its access, parameters, query and body are known ({@link problemsOf}). */
  readonly problems: readonly ErrorCode[]
  handle(request: Request, response: Response, input: Input): void | Promise<void>
}

/** What the caller sent, checked. */
export interface Input {
  readonly params: Readonly<Record<string, string>>
  readonly headers: unknown
  readonly query: unknown
  readonly body: unknown
}

/** `'/v1/exports/:id/events'` → `'id'` */
type ParamNames<P extends string> = P extends `${string}:${infer Rest}`
  ? Rest extends `${infer Name}/${infer Tail}`
    ? Name | ParamNames<Tail>
    : Rest
  : never

type Params<P extends string> = [ParamNames<P>] extends [never]
  ? { readonly params?: never }
  : { readonly params: Readonly<Record<ParamNames<P>, z.ZodType<string>>> }

/** The bodies of all answers: whatever the handler sends is one of them. */
type Bodies<A extends Answers> = {
  [S in keyof A]: A[S] extends { readonly body: infer B extends z.ZodType } ? z.input<B> : undefined
}[keyof A]

type Declaration<
  P extends string,
  A extends Answers,
  H extends HeaderSchemas,
  Q extends z.ZodType,
  B extends z.ZodType,
> = Omit<Route, 'path' | 'params' | 'headers' | 'query' | 'body' | 'answers' | 'handle'> &
  Params<P> & {
    readonly path: P
    readonly headers?: H
    readonly query?: Q
    readonly body?: B
    readonly answers: A
    handle(
      request: Request<Record<string, never>, unknown, unknown, Record<string, never>>,
      response: Response<Bodies<A>>,
      input: {
        readonly params: Readonly<Record<ParamNames<P>, string>>
        readonly headers: { readonly [Name in keyof H]: z.output<H[Name]> }
        readonly query: z.output<Q>
        readonly body: z.output<B>
      },
    ): void | Promise<void>
  }

/**
 * Declares a route; keeps the types of its schemas and its handler together. A handler reads nothing of the caller
 * that is not declared here, and answers nothing but the bodies that are.
 */
export function defineRoute<
  const P extends string,
  const A extends Answers,
  // biome-ignore lint/complexity/noBannedTypes: no headers at all, which Record<string, never> would not say.
  H extends HeaderSchemas = {},
  Q extends z.ZodType = z.ZodNever,
  B extends z.ZodType = z.ZodNever,
>(route: Declaration<P, A, H, Q, B>): Route {
  return route as Route
}

/** Every code that the route may answer with. */
export function problemsOf({ access, params, query, body, problems }: Route): readonly ErrorCode[] {
  const codes = new Set<ErrorCode>(problems)
  const add = (when: boolean, ...more: ErrorCode[]) => {
    if (when) for (const code of more) codes.add(code)
  }
  // FORBIDDEN also to callers: a token of the identity provider may have no role here.
  add(access !== 'anybody', 'UNAUTHENTICATED', 'FORBIDDEN', 'RATE_LIMITED')
  add(access !== 'anybody', 'DATABASE_UNAVAILABLE', 'IDENTITY_PROVIDER_UNAVAILABLE')
  add(params !== undefined, 'NOT_FOUND')
  add(body !== undefined, 'BODY_NOT_JSON', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE')
  add(query !== undefined || body !== undefined, 'VALIDATION_FAILED')
  return [...codes, 'INTERNAL']
}
