/** Of `forge_check c`: what the forge's CI was asked for and has not answered. */
export const IS_AWAITED =
  "c.ended_at IS NULL AND c.context IS NOT NULL AND c.gives_up_at > clock_timestamp() - interval '1 minute'";

/** As an `AwaitedContext`. */
export const AWAITED = `jsonb_build_object('context', c.context, 'commit', c.commit_sha,
  'askedMs', extract(epoch FROM c.asked_at) * 1000, 'givesUpMs', extract(epoch FROM c.gives_up_at) * 1000)`;
