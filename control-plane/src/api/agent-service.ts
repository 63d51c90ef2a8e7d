import type { AgentPeer, AgentStream } from '../session/contract.js';
import type { MachineCall, ServiceHandlers } from './call.js';
import type { RenewCertificateRequest, RenewCertificateResponse } from '@flotilla/proto';

export interface AgentParts {
  readonly accept: (stream: AgentStream, peer: AgentPeer) => Promise<void>;
  readonly renew: (request: RenewCertificateRequest, call: MachineCall) => Promise<RenewCertificateResponse>;
}

export function agentService({ accept, renew }: AgentParts): ServiceHandlers<'AgentService'> {
  return {
    session: (stream, call) =>
      accept(stream, {
        machineId: call.machine.machineId,
        state: call.machine.state,
        remoteAddress: call.remoteAddress,
      }),
    renewCertificate: (request, call) => renew(request, call),
  };
}
