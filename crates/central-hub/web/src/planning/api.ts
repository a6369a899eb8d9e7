import { request } from '../api/http';
import type { Schedule, ScheduleRequest } from './types';

/** Prefix of the query keys of all schedule lists. */
export const SCHEDULES_KEY = ['schedules'] as const;

export const SCHEDULES_PATH = '/api/sender/programaciones';

export const createSchedule = (body: ScheduleRequest) =>
  request<Schedule>(SCHEDULES_PATH, { method: 'POST', body });

export const editSchedule = (id: number, body: ScheduleRequest) =>
  request<Schedule>(`${SCHEDULES_PATH}/${id}`, { method: 'PUT', body });
