import type { Enrollment } from '../enroll/enroll.js';
import type { ServiceHandlers } from './call.js';

export function enrollmentService(enrollment: Enrollment): ServiceHandlers<'EnrollmentService'> {
  return {
    beginEnrollment: async (request, call) => ({
      nonce: enrollment.begin(request),
      serverTime: new Date(call.nowMs),
    }),
    finishEnrollment: (request, call) => enrollment.finish(request, call),
  };
}
