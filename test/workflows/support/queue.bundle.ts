export { mergeBuild } from '../../../workflows/merge-queue/merge-build.workflow.js';
export { mergeQueue } from '../../../workflows/merge-queue/merge-queue.workflow.js';
export { owner } from './owner.workflow.js';
