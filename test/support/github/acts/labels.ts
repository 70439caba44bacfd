import type { Issue, IssueEvent, Label, Repository } from '../state/records.js';
import { tellLabel } from '../webhooks/happenings.js';
import type { World } from '../world.js';
import type { OnIssue } from './actor.js';

/** Labels that do not exist yet are made, as GitHub does when an issue gets them. */
export function labelNamed(world: World, repository: Repository, name: string): Label {
  const known = repository.labels.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (known !== undefined) return known;
  const label = { id: world.state.nextId(), name, color: 'ededed', description: null };
  repository.labels.push(label);
  return label;
}

function noteLabel(world: World, issue: Issue, what: Pick<IssueEvent, 'event' | 'login' | 'label'>): void {
  const createdAt = world.clock.at();
  issue.events.push({ id: world.state.nextId(), ...what, createdAt });
  issue.updatedAt = createdAt;
}

export async function addLabels(
  world: World,
  repository: Repository,
  { issue, login }: OnIssue,
  names: readonly string[],
): Promise<void> {
  for (const asked of names) {
    const { name } = labelNamed(world, repository, asked);
    if (issue.labels.includes(name)) continue;
    issue.labels.push(name);
    noteLabel(world, issue, { event: 'labeled', login, label: name });
    await tellLabel(world, 'labeled', issue, { repository, login }, name);
  }
}

export async function removeLabel(
  world: World,
  repository: Repository,
  { issue, login }: OnIssue,
  asked: string,
): Promise<boolean> {
  const name = issue.labels.find((one) => one.toLowerCase() === asked.toLowerCase());
  if (name === undefined) return false;
  issue.labels = issue.labels.filter((one) => one !== name);
  noteLabel(world, issue, { event: 'unlabeled', login, label: name });
  await tellLabel(world, 'unlabeled', issue, { repository, login }, name);
  return true;
}
