import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { createBlobStore } from '../infra/artifacts.js';
import { ProjectRepositories } from '../infra/git/mirrors.js';
import { createGit } from '../infra/git/run.js';
import { AgentController } from './agents/agent.controller.js';
import { AgentRepository } from './agents/agent.repository.js';
import { AgentService } from './agents/agent.service.js';
import { ControlController } from './control/control.controller.js';
import { ControlService } from './control/control.service.js';
import { DecisionController } from './decisions/decision.controller.js';
import { DecisionRepository } from './decisions/decision.repository.js';
import { DecisionService } from './decisions/decision.service.js';
import { type ApiDependencies, BLOBS, DATABASE, LOGGER, MIRRORS, POOLS, SETTINGS } from './dependencies.js';
import { EpicController } from './epics/epic.controller.js';
import { EpicRepository } from './epics/epic.repository.js';
import { EpicService } from './epics/epic.service.js';
import { EpicControlService } from './epics/epic-control.service.js';
import { EpicReadsRepository } from './epics/epic-reads.repository.js';
import { EpicReadsService } from './epics/epic-reads.service.js';
import { PlanRepository } from './epics/plan.repository.js';
import { EventController } from './events/event.controller.js';
import { EventRepository } from './events/event.repository.js';
import { EventStreamService } from './events/event-stream.service.js';
import { HealthController } from './health/health.controller.js';
import { HealthService } from './health/health.service.js';
import { aroundEveryPost } from './http/around-every-post.js';
import { IdempotencyInterceptor } from './http/idempotency.interceptor.js';
import { IdempotencyRepository } from './http/idempotency.repository.js';
import { ProblemFilter } from './http/problem.filter.js';
import { KeyController } from './keys/key.controller.js';
import { KeyRepository } from './keys/key.repository.js';
import { KeyService } from './keys/key.service.js';
import { MailController } from './mail/mail.controller.js';
import { MailRepository } from './mail/mail.repository.js';
import { MailService } from './mail/mail.service.js';
import { MetricsController } from './metrics/metrics.controller.js';
import { MetricsRepository } from './metrics/metrics.repository.js';
import { MetricsService } from './metrics/metrics.service.js';
import { ProjectController } from './projects/project.controller.js';
import { ProjectRepository } from './projects/project.repository.js';
import { ProjectService } from './projects/project.service.js';
import { QueueController } from './queues/queue.controller.js';
import { QueueRepository } from './queues/queue.repository.js';
import { QueueService } from './queues/queue.service.js';
import { RunController } from './runs/run.controller.js';
import { RunRepository } from './runs/run.repository.js';
import { RunService } from './runs/run.service.js';
import { EpicTaskController } from './tasks/epic-task.controller.js';
import { TaskController } from './tasks/task.controller.js';
import { TaskRepository } from './tasks/task.repository.js';
import { TaskService } from './tasks/task.service.js';
import { TaskControlService } from './tasks/task-control.service.js';
import { TaskReadsRepository } from './tasks/task-reads.repository.js';
import { TaskReadsService } from './tasks/task-reads.service.js';
import { Controls } from './temporal/controls.js';
import { WorkflowGateway } from './temporal/workflow-gateway.js';
import { inputPipe } from './validation/pipe.js';

const CONTROLLERS = [
  AgentController,
  ControlController,
  DecisionController,
  EpicController,
  EpicTaskController,
  EventController,
  HealthController,
  KeyController,
  MailController,
  MetricsController,
  ProjectController,
  QueueController,
  RunController,
  TaskController,
];

const SERVICES: readonly Provider[] = [
  AgentRepository,
  AgentService,
  ControlService,
  Controls,
  DecisionRepository,
  DecisionService,
  EpicControlService,
  EpicReadsRepository,
  EpicReadsService,
  EpicRepository,
  EpicService,
  EventRepository,
  EventStreamService,
  HealthService,
  IdempotencyRepository,
  KeyRepository,
  KeyService,
  MailRepository,
  MailService,
  MetricsRepository,
  MetricsService,
  PlanRepository,
  ProjectRepository,
  ProjectService,
  QueueRepository,
  QueueService,
  RunRepository,
  RunService,
  TaskControlService,
  TaskReadsRepository,
  TaskReadsService,
  TaskRepository,
  TaskService,
];

aroundEveryPost(CONTROLLERS, IdempotencyInterceptor);

@Module({ controllers: CONTROLLERS })
class AppModule {}

export const appModule = ({ pools, database, temporal, logger, settings }: ApiDependencies): DynamicModule => ({
  module: AppModule,
  providers: [
    ...SERVICES,
    { provide: POOLS, useValue: pools },
    { provide: DATABASE, useValue: database },
    { provide: LOGGER, useValue: logger },
    { provide: SETTINGS, useValue: settings },
    { provide: BLOBS, useValue: createBlobStore(pools.reads, settings.artifactsDirectory) },
    { provide: MIRRORS, useValue: new ProjectRepositories(createGit(), settings.mirrorsDirectory) },
    { provide: WorkflowGateway, useFactory: () => new WorkflowGateway(temporal) },
    { provide: APP_PIPE, useFactory: inputPipe },
    { provide: APP_FILTER, useFactory: () => new ProblemFilter(logger) },
  ],
});
