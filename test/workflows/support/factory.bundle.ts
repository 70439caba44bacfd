export { factory } from '../../../workflows/factory/factory.workflow.js';
export { holder } from './holder.workflow.js';
