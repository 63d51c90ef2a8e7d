// Written by scripts/api-docs/main.ts; do not edit.
export const openApiJson = `{
 "openapi": "3.1.0",
 "info": {
  "title": "Flotilla operator API",
  "version": "v1",
  "license": {
   "name": "Apache-2.0",
   "identifier": "Apache-2.0"
  },
  "description": "The operator methods of flotilla-server as JSON over HTTPS, in the unary form of the Connect protocol. The same methods are served over gRPC. Events as they happen: WebSocket /v1/feed."
 },
 "servers": [
  {
   "url": "/"
  }
 ],
 "security": [
  {
   "apiKey": []
  }
 ],
 "tags": [
  {
   "name": "AccessService"
  },
  {
   "name": "AuditService",
   "description": "Who did what, and what was decided: append-only, hash-chained."
  },
  {
   "name": "ClusterService"
  },
  {
   "name": "EventService"
  },
  {
   "name": "MachineService"
  },
  {
   "name": "NodePoolService"
  },
  {
   "name": "NodeService"
  },
  {
   "name": "ProjectService"
  },
  {
   "name": "TokenService"
  },
  {
   "name": "VersionService"
  }
 ],
 "paths": {
  "/flotilla.operator.v1.AccessService/GetCaller": {
   "post": {
    "operationId": "AccessService_GetCaller",
    "tags": [
     "AccessService"
    ],
    "description": "Least role: READER (of any project).",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.GetCallerRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.GetCallerResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.AccessService/CreateApiKey": {
   "post": {
    "operationId": "AccessService_CreateApiKey",
    "tags": [
     "AccessService"
    ],
    "description": "Least role: ADMIN of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.CreateApiKeyRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.CreateApiKeyResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.AccessService/ListApiKeys": {
   "post": {
    "operationId": "AccessService_ListApiKeys",
    "tags": [
     "AccessService"
    ],
    "description": "Least role: ADMIN of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.ListApiKeysRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.ListApiKeysResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.AccessService/RevokeApiKey": {
   "post": {
    "operationId": "AccessService_RevokeApiKey",
    "tags": [
     "AccessService"
    ],
    "description": "Least role: ADMIN of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.RevokeApiKeyRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.RevokeApiKeyResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.AccessService/ListMembers": {
   "post": {
    "operationId": "AccessService_ListMembers",
    "tags": [
     "AccessService"
    ],
    "description": "Who else has a role in the project: keys of other projects, and people.\\n\\nLeast role: ADMIN of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.ListMembersRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.ListMembersResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.AccessService/SetMember": {
   "post": {
    "operationId": "AccessService_SetMember",
    "tags": [
     "AccessService"
    ],
    "description": "Adds a member or changes its role. The last ADMIN of a project cannot be taken away.\\n\\nLeast role: ADMIN of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.SetMemberRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.SetMemberResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.AccessService/RemoveMember": {
   "post": {
    "operationId": "AccessService_RemoveMember",
    "tags": [
     "AccessService"
    ],
    "description": "Least role: ADMIN of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.RemoveMemberRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.RemoveMemberResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.AuditService/ListAuditEntries": {
   "post": {
    "operationId": "AuditService_ListAuditEntries",
    "tags": [
     "AuditService"
    ],
    "description": "Newest first. A MEMBER sees its own actions, an ADMIN all of the project.\\n\\nLeast role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.ListAuditEntriesRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.ListAuditEntriesResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.ClusterService/CreateCluster": {
   "post": {
    "operationId": "ClusterService_CreateCluster",
    "tags": [
     "ClusterService"
    ],
    "description": "Also creates the pool \\"control-plane\\" of a self-provisioned cluster.\\n\\nLeast role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.CreateClusterRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.CreateClusterResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.ClusterService/GetCluster": {
   "post": {
    "operationId": "ClusterService_GetCluster",
    "tags": [
     "ClusterService"
    ],
    "description": "Least role: READER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.GetClusterRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.GetClusterResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.ClusterService/ListClusters": {
   "post": {
    "operationId": "ClusterService_ListClusters",
    "tags": [
     "ClusterService"
    ],
    "description": "Least role: READER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.ListClustersRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.ListClustersResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.ClusterService/UpdateCluster": {
   "post": {
    "operationId": "ClusterService_UpdateCluster",
    "tags": [
     "ClusterService"
    ],
    "description": "Labels and the mutable parts of the spec; what is immutable is refused by name.\\n\\nLeast role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.UpdateClusterRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.UpdateClusterResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.ClusterService/PauseCluster": {
   "post": {
    "operationId": "ClusterService_PauseCluster",
    "tags": [
     "ClusterService"
    ],
    "description": "No repair in the cluster for a while.\\n\\nLeast role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.PauseClusterRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.PauseClusterResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.ClusterService/ResumeCluster": {
   "post": {
    "operationId": "ClusterService_ResumeCluster",
    "tags": [
     "ClusterService"
    ],
    "description": "Least role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.ResumeClusterRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.ResumeClusterResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.ClusterService/DeleteCluster": {
   "post": {
    "operationId": "ClusterService_DeleteCluster",
    "tags": [
     "ClusterService"
    ],
    "description": "Nodes leave and are cleaned; machines go back to AVAILABLE.\\n\\nLeast role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.DeleteClusterRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.DeleteClusterResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.ClusterService/IssueKubeconfig": {
   "post": {
    "operationId": "ClusterService_IssueKubeconfig",
    "tags": [
     "ClusterService"
    ],
    "description": "A short-lived client certificate for the caller's role; never the host's admin.conf.\\n\\nLeast role: READER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.IssueKubeconfigRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.IssueKubeconfigResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.EventService/ListEvents": {
   "post": {
    "operationId": "EventService_ListEvents",
    "tags": [
     "EventService"
    ],
    "description": "Least role: READER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.ListEventsRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.ListEventsResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.MachineService/GetMachine": {
   "post": {
    "operationId": "MachineService_GetMachine",
    "tags": [
     "MachineService"
    ],
    "description": "Least role: READER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.GetMachineRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.GetMachineResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.MachineService/ListMachines": {
   "post": {
    "operationId": "MachineService_ListMachines",
    "tags": [
     "MachineService"
    ],
    "description": "Least role: READER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.ListMachinesRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.ListMachinesResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.MachineService/UpdateMachine": {
   "post": {
    "operationId": "MachineService_UpdateMachine",
    "tags": [
     "MachineService"
    ],
    "description": "Labels, location and whether it may be repaired.\\n\\nLeast role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.UpdateMachineRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.UpdateMachineResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.MachineService/QuarantineMachine": {
   "post": {
    "operationId": "MachineService_QuarantineMachine",
    "tags": [
     "MachineService"
    ],
    "description": "Out of all pools: its node is drained and leaves, and nothing is scheduled on it until it is released.\\n\\nLeast role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.QuarantineMachineRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.QuarantineMachineResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.MachineService/ReleaseMachine": {
   "post": {
    "operationId": "MachineService_ReleaseMachine",
    "tags": [
     "MachineService"
    ],
    "description": "Ends a quarantine. A preserved machine is cleaned first, then it is AVAILABLE again.\\n\\nLeast role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.ReleaseMachineRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.ReleaseMachineResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.MachineService/PauseMachine": {
   "post": {
    "operationId": "MachineService_PauseMachine",
    "tags": [
     "MachineService"
    ],
    "description": "No repair of the machine for a while.\\n\\nLeast role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.PauseMachineRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.PauseMachineResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.MachineService/ResumeMachine": {
   "post": {
    "operationId": "MachineService_ResumeMachine",
    "tags": [
     "MachineService"
    ],
    "description": "Least role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.ResumeMachineRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.ResumeMachineResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.MachineService/DeleteMachine": {
   "post": {
    "operationId": "MachineService_DeleteMachine",
    "tags": [
     "MachineService"
    ],
    "description": "Retires the machine: its identity is revoked. A machine in a cluster leaves first.\\n\\nLeast role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.DeleteMachineRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.DeleteMachineResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.NodePoolService/CreateNodePool": {
   "post": {
    "operationId": "NodePoolService_CreateNodePool",
    "tags": [
     "NodePoolService"
    ],
    "description": "Least role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.CreateNodePoolRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.CreateNodePoolResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.NodePoolService/GetNodePool": {
   "post": {
    "operationId": "NodePoolService_GetNodePool",
    "tags": [
     "NodePoolService"
    ],
    "description": "Least role: READER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.GetNodePoolRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.GetNodePoolResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.NodePoolService/ListNodePools": {
   "post": {
    "operationId": "NodePoolService_ListNodePools",
    "tags": [
     "NodePoolService"
    ],
    "description": "Least role: READER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.ListNodePoolsRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.ListNodePoolsResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.NodePoolService/UpdateNodePool": {
   "post": {
    "operationId": "NodePoolService_UpdateNodePool",
    "tags": [
     "NodePoolService"
    ],
    "description": "Least role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.UpdateNodePoolRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.UpdateNodePoolResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.NodePoolService/DeleteNodePool": {
   "post": {
    "operationId": "NodePoolService_DeleteNodePool",
    "tags": [
     "NodePoolService"
    ],
    "description": "Least role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.DeleteNodePoolRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.DeleteNodePoolResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.NodePoolService/PauseNodePool": {
   "post": {
    "operationId": "NodePoolService_PauseNodePool",
    "tags": [
     "NodePoolService"
    ],
    "description": "No repair in the pool for a while.\\n\\nLeast role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.PauseNodePoolRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.PauseNodePoolResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.NodePoolService/ResumeNodePool": {
   "post": {
    "operationId": "NodePoolService_ResumeNodePool",
    "tags": [
     "NodePoolService"
    ],
    "description": "Least role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.ResumeNodePoolRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.ResumeNodePoolResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.NodeService/GetNode": {
   "post": {
    "operationId": "NodeService_GetNode",
    "tags": [
     "NodeService"
    ],
    "description": "Least role: READER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.GetNodeRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.GetNodeResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.NodeService/ListNodes": {
   "post": {
    "operationId": "NodeService_ListNodes",
    "tags": [
     "NodeService"
    ],
    "description": "Least role: READER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.ListNodesRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.ListNodesResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.NodeService/RemoveNode": {
   "post": {
    "operationId": "NodeService_RemoveNode",
    "tags": [
     "NodeService"
    ],
    "description": "Takes the node out: it leaves, is cleaned, and its machine goes back to AVAILABLE. A sized pool shrinks by one\\nwhen \`shrink\` is set; otherwise another machine takes the place.\\n\\nLeast role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.RemoveNodeRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.RemoveNodeResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.NodeService/ReplaceNode": {
   "post": {
    "operationId": "NodeService_ReplaceNode",
    "tags": [
     "NodeService"
    ],
    "description": "Another machine takes the place first where there is a spare; then the node is drained and leaves.\\n\\nLeast role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.ReplaceNodeRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.ReplaceNodeResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.NodeService/CordonNode": {
   "post": {
    "operationId": "NodeService_CordonNode",
    "tags": [
     "NodeService"
    ],
    "description": "Least role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.CordonNodeRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.CordonNodeResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.NodeService/UncordonNode": {
   "post": {
    "operationId": "NodeService_UncordonNode",
    "tags": [
     "NodeService"
    ],
    "description": "Also ends a drain.\\n\\nLeast role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.UncordonNodeRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.UncordonNodeResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.NodeService/DrainNode": {
   "post": {
    "operationId": "NodeService_DrainNode",
    "tags": [
     "NodeService"
    ],
    "description": "Cordons, then empties the node through the eviction API; it stays a node.\\n\\nLeast role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.DrainNodeRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.DrainNodeResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.NodeService/RetryNode": {
   "post": {
    "operationId": "NodeService_RetryNode",
    "tags": [
     "NodeService"
    ],
    "description": "Tries a parked phase, a parked drain or a parked repair again.\\n\\nLeast role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.RetryNodeRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.RetryNodeResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.ProjectService/GetProject": {
   "post": {
    "operationId": "ProjectService_GetProject",
    "tags": [
     "ProjectService"
    ],
    "description": "Least role: READER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.GetProjectRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.GetProjectResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.ProjectService/ListProjects": {
   "post": {
    "operationId": "ProjectService_ListProjects",
    "tags": [
     "ProjectService"
    ],
    "description": "Least role: READER (of any project).",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.ListProjectsRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.ListProjectsResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.ProjectService/CreateProject": {
   "post": {
    "operationId": "ProjectService_CreateProject",
    "tags": [
     "ProjectService"
    ],
    "description": "Needs the instance role; the caller becomes its first ADMIN.\\n\\nLeast role: INSTANCE_ADMIN (of any project).",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.CreateProjectRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.CreateProjectResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.ProjectService/UpdateProject": {
   "post": {
    "operationId": "ProjectService_UpdateProject",
    "tags": [
     "ProjectService"
    ],
    "description": "Least role: ADMIN of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.UpdateProjectRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.UpdateProjectResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.ProjectService/DeleteProject": {
   "post": {
    "operationId": "ProjectService_DeleteProject",
    "tags": [
     "ProjectService"
    ],
    "description": "Clusters go first, then tokens, keys and machines' identities; the machines themselves are left clean.\\n\\nLeast role: ADMIN of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.DeleteProjectRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.DeleteProjectResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.TokenService/CreateToken": {
   "post": {
    "operationId": "TokenService_CreateToken",
    "tags": [
     "TokenService"
    ],
    "description": "The secret and the line to paste are in this answer and never again.\\n\\nLeast role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.CreateTokenRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.CreateTokenResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.TokenService/GetToken": {
   "post": {
    "operationId": "TokenService_GetToken",
    "tags": [
     "TokenService"
    ],
    "description": "Least role: READER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.GetTokenRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.GetTokenResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.TokenService/ListTokens": {
   "post": {
    "operationId": "TokenService_ListTokens",
    "tags": [
     "TokenService"
    ],
    "description": "Least role: READER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.ListTokensRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.ListTokensResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.TokenService/RevokeToken": {
   "post": {
    "operationId": "TokenService_RevokeToken",
    "tags": [
     "TokenService"
    ],
    "description": "Least role: MEMBER of the project.",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.RevokeTokenRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.RevokeTokenResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.VersionService/GetVersion": {
   "post": {
    "operationId": "VersionService_GetVersion",
    "tags": [
     "VersionService"
    ],
    "description": "Least role: READER (of any project).",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.GetVersionRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.GetVersionResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.VersionService/ListVersions": {
   "post": {
    "operationId": "VersionService_ListVersions",
    "tags": [
     "VersionService"
    ],
    "description": "Least role: READER (of any project).",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.ListVersionsRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.ListVersionsResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/flotilla.operator.v1.VersionService/GetServerInfo": {
   "post": {
    "operationId": "VersionService_GetServerInfo",
    "tags": [
     "VersionService"
    ],
    "description": "What server this is.\\n\\nLeast role: READER (of any project).",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "\$ref": "#/components/schemas/flotilla.operator.v1.GetServerInfoRequest"
       }
      }
     }
    },
    "responses": {
     "200": {
      "description": "Done.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/flotilla.operator.v1.GetServerInfoResponse"
        }
       }
      }
     },
     "default": {
      "description": "Refused or failed; nothing was written.",
      "content": {
       "application/json": {
        "schema": {
         "\$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  }
 },
 "components": {
  "securitySchemes": {
   "apiKey": {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key: flk_<id>.<secret>"
   }
  },
  "schemas": {
   "flotilla.operator.v1.ApiKey": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "meta": {
      "\$ref": "#/components/schemas/flotilla.types.v1.ResourceMeta"
     },
     "role": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.Role"
     },
     "expireTime": {
      "type": "string",
      "format": "date-time"
     },
     "lastUsedTime": {
      "type": "string",
      "format": "date-time"
     },
     "revokeTime": {
      "type": "string",
      "format": "date-time"
     }
    }
   },
   "flotilla.operator.v1.AuditEntry": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "sequence": {
      "type": "string",
      "format": "int64"
     },
     "time": {
      "type": "string",
      "format": "date-time"
     },
     "project": {
      "type": "string"
     },
     "actor": {
      "type": "string",
      "description": "api-key:<name>, machine:<id>, rule:<reconciler>, system."
     },
     "remoteAddress": {
      "type": "string"
     },
     "action": {
      "type": "string",
      "description": "Verb on noun, for example cluster.create."
     },
     "resourceKind": {
      "type": "string"
     },
     "resourceId": {
      "type": "string"
     },
     "result": {
      "type": "string",
      "description": "OK or REFUSED."
     },
     "details": {
      "type": "object",
      "additionalProperties": {
       "type": "string"
      }
     },
     "epoch": {
      "type": "string",
      "format": "int64"
     },
     "hash": {
      "type": "string",
      "description": "Hex sha256 over the previous hash and this entry."
     }
    }
   },
   "flotilla.operator.v1.CordonNodeRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "cluster": {
      "type": "string"
     },
     "node": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.CordonNodeResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "node": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Node"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.CreateApiKeyRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "name": {
      "type": "string"
     },
     "role": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.Role"
     },
     "ttl": {
      "type": "string",
      "pattern": "^-?[0-9]+(\\\\.[0-9]{1,9})?s\$",
      "examples": [
       "90s"
      ],
      "description": "Unset = 90 days; at most 366 days."
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.CreateApiKeyResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "apiKey": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.ApiKey"
     },
     "secret": {
      "type": "string",
      "description": "Shown once."
     }
    }
   },
   "flotilla.operator.v1.CreateClusterRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "name": {
      "type": "string"
     },
     "spec": {
      "\$ref": "#/components/schemas/flotilla.types.v1.ClusterSpec"
     },
     "labels": {
      "type": "object",
      "additionalProperties": {
       "type": "string"
      }
     },
     "controlPlaneReplicas": {
      "type": "integer",
      "format": "int32",
      "description": "Size of the control-plane pool: 1, 3 or 5; 0 = 1."
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     },
     "kubeconfig": {
      "type": "string",
      "description": "EXTERNAL only: kubeconfig (YAML) of the existing cluster. Write-only: stored encrypted, never given back."
     }
    }
   },
   "flotilla.operator.v1.CreateClusterResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "cluster": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Cluster"
     },
     "revision": {
      "type": "string",
      "format": "int64",
      "description": "Watch from here to see what follows."
     }
    }
   },
   "flotilla.operator.v1.CreateNodePoolRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "cluster": {
      "type": "string"
     },
     "name": {
      "type": "string"
     },
     "spec": {
      "\$ref": "#/components/schemas/flotilla.types.v1.NodePoolSpec"
     },
     "labels": {
      "type": "object",
      "additionalProperties": {
       "type": "string"
      }
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.CreateNodePoolResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "nodePool": {
      "\$ref": "#/components/schemas/flotilla.types.v1.NodePool"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.CreateProjectRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "name": {
      "type": "string"
     },
     "displayName": {
      "type": "string"
     },
     "labels": {
      "type": "object",
      "additionalProperties": {
       "type": "string"
      }
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.CreateProjectResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.Project"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.CreateTokenRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "cluster": {
      "type": "string",
      "description": "Needed when pool is a name that exists in several clusters."
     },
     "nodePool": {
      "type": "string",
      "description": "Empty = machines become spares."
     },
     "maxUses": {
      "type": "integer",
      "format": "int32",
      "description": "0 = 1."
     },
     "ttl": {
      "type": "string",
      "pattern": "^-?[0-9]+(\\\\.[0-9]{1,9})?s\$",
      "examples": [
       "90s"
      ],
      "description": "Unset = 1 h; at most 30 days."
     },
     "machineLabels": {
      "type": "object",
      "additionalProperties": {
       "type": "string"
      }
     },
     "location": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Location"
     },
     "sourceCidrs": {
      "type": "array",
      "items": {
       "type": "string"
      }
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.CreateTokenResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "token": {
      "\$ref": "#/components/schemas/flotilla.types.v1.EnrollmentToken"
     },
     "secret": {
      "type": "string",
      "description": "id.secret, shown once."
     },
     "installCommand": {
      "type": "string",
      "description": "The line to paste on the server."
     }
    }
   },
   "flotilla.operator.v1.DeleteClusterRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "cluster": {
      "type": "string"
     },
     "etag": {
      "type": "string",
      "description": "When set, must equal the stored etag."
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.DeleteClusterResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "cluster": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Cluster"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.DeleteMachineRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "machine": {
      "type": "string"
     },
     "etag": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.DeleteMachineResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "machine": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Machine"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.DeleteNodePoolRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "cluster": {
      "type": "string"
     },
     "nodePool": {
      "type": "string"
     },
     "etag": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.DeleteNodePoolResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "nodePool": {
      "\$ref": "#/components/schemas/flotilla.types.v1.NodePool"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.DeleteProjectRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "etag": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.DeleteProjectResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.Project"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.DrainNodeRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "cluster": {
      "type": "string"
     },
     "node": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     },
     "drain": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.DrainOptions"
     }
    }
   },
   "flotilla.operator.v1.DrainNodeResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "node": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Node"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.DrainOptions": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "timeout": {
      "type": "string",
      "pattern": "^-?[0-9]+(\\\\.[0-9]{1,9})?s\$",
      "examples": [
       "90s"
      ],
      "description": "Unset = the pool's drain timeout."
     },
     "force": {
      "type": "boolean",
      "description": "Delete pods that a disruption budget protects once the timeout is over. Needs the role ADMIN."
     }
    }
   },
   "flotilla.operator.v1.GetCallerRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {}
   },
   "flotilla.operator.v1.GetCallerResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "subject": {
      "type": "string",
      "description": "For example \\"api-key:bootstrap\\"."
     },
     "project": {
      "type": "string"
     },
     "role": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.Role"
     }
    }
   },
   "flotilla.operator.v1.GetClusterRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "cluster": {
      "type": "string",
      "description": "Name or id."
     }
    }
   },
   "flotilla.operator.v1.GetClusterResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "cluster": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Cluster"
     }
    }
   },
   "flotilla.operator.v1.GetMachineRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "machine": {
      "type": "string",
      "description": "Name or id."
     }
    }
   },
   "flotilla.operator.v1.GetMachineResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "machine": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Machine"
     }
    }
   },
   "flotilla.operator.v1.GetNodePoolRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "cluster": {
      "type": "string",
      "description": "Needed unless node_pool is an id, or its name is unique in the project."
     },
     "nodePool": {
      "type": "string"
     }
    }
   },
   "flotilla.operator.v1.GetNodePoolResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "nodePool": {
      "\$ref": "#/components/schemas/flotilla.types.v1.NodePool"
     }
    }
   },
   "flotilla.operator.v1.GetNodeRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "cluster": {
      "type": "string",
      "description": "Empty unless the name exists in several clusters."
     },
     "node": {
      "type": "string",
      "description": "Name or id."
     }
    }
   },
   "flotilla.operator.v1.GetNodeResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "node": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Node"
     }
    }
   },
   "flotilla.operator.v1.GetProjectRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string",
      "description": "Name or id."
     }
    }
   },
   "flotilla.operator.v1.GetProjectResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.Project"
     }
    }
   },
   "flotilla.operator.v1.GetServerInfoRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {}
   },
   "flotilla.operator.v1.GetServerInfoResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "version": {
      "type": "string"
     },
     "instanceId": {
      "type": "string"
     },
     "publicUrl": {
      "type": "string",
      "description": "https://host:port as machines reach it."
     },
     "publicKeyPin": {
      "type": "string",
      "description": "sha256//base64 of the TLS key, as curl --pinnedpubkey takes it."
     },
     "caPin": {
      "type": "string",
      "description": "sha256:hex of the CA's SPKI."
     },
     "epoch": {
      "type": "string",
      "format": "int64"
     },
     "agentsConnected": {
      "type": "integer",
      "format": "int32"
     }
    }
   },
   "flotilla.operator.v1.GetTokenRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "token": {
      "type": "string"
     }
    }
   },
   "flotilla.operator.v1.GetTokenResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "token": {
      "\$ref": "#/components/schemas/flotilla.types.v1.EnrollmentToken"
     }
    }
   },
   "flotilla.operator.v1.GetVersionRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "version": {
      "type": "string"
     }
    }
   },
   "flotilla.operator.v1.GetVersionResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "version": {
      "\$ref": "#/components/schemas/flotilla.types.v1.KubernetesVersion"
     }
    }
   },
   "flotilla.operator.v1.IssueKubeconfigRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "cluster": {
      "type": "string"
     },
     "ttl": {
      "type": "string",
      "pattern": "^-?[0-9]+(\\\\.[0-9]{1,9})?s\$",
      "examples": [
       "90s"
      ],
      "description": "At most 24 h; unset = 8 h."
     }
    }
   },
   "flotilla.operator.v1.IssueKubeconfigResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "kubeconfig": {
      "type": "string",
      "description": "YAML. Holds a private key: shown once, not stored."
     },
     "expireTime": {
      "type": "string",
      "format": "date-time"
     }
    }
   },
   "flotilla.operator.v1.ListApiKeysRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.ListOptions"
     }
    }
   },
   "flotilla.operator.v1.ListApiKeysResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "apiKeys": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.operator.v1.ApiKey"
      }
     },
     "nextPageToken": {
      "type": "string"
     }
    }
   },
   "flotilla.operator.v1.ListAuditEntriesRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "actor": {
      "type": "string",
      "description": "Empty = everyone's."
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.ListOptions"
     }
    }
   },
   "flotilla.operator.v1.ListAuditEntriesResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "entries": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.operator.v1.AuditEntry"
      }
     },
     "nextPageToken": {
      "type": "string"
     }
    }
   },
   "flotilla.operator.v1.ListClustersRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.ListOptions"
     }
    }
   },
   "flotilla.operator.v1.ListClustersResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "clusters": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.types.v1.Cluster"
      }
     },
     "nextPageToken": {
      "type": "string"
     }
    }
   },
   "flotilla.operator.v1.ListEventsRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "resource": {
      "type": "string",
      "description": "Name or id of one resource; empty = all."
     },
     "resourceKind": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.ListOptions"
     }
    }
   },
   "flotilla.operator.v1.ListEventsResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "events": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.types.v1.Event"
      }
     },
     "nextPageToken": {
      "type": "string"
     },
     "revision": {
      "type": "string",
      "format": "int64",
      "description": "Newest revision of the store when the list was made."
     }
    }
   },
   "flotilla.operator.v1.ListMachinesRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.ListOptions"
     }
    }
   },
   "flotilla.operator.v1.ListMachinesResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "machines": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.types.v1.Machine"
      }
     },
     "nextPageToken": {
      "type": "string"
     }
    }
   },
   "flotilla.operator.v1.ListMembersRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.ListOptions"
     }
    }
   },
   "flotilla.operator.v1.ListMembersResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "members": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.operator.v1.Member"
      }
     },
     "nextPageToken": {
      "type": "string"
     }
    }
   },
   "flotilla.operator.v1.ListNodePoolsRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "cluster": {
      "type": "string",
      "description": "Empty = of all clusters."
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.ListOptions"
     }
    }
   },
   "flotilla.operator.v1.ListNodePoolsResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "nodePools": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.types.v1.NodePool"
      }
     },
     "nextPageToken": {
      "type": "string"
     }
    }
   },
   "flotilla.operator.v1.ListNodesRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "cluster": {
      "type": "string"
     },
     "nodePool": {
      "type": "string"
     },
     "showDeleted": {
      "type": "boolean",
      "description": "Also those that have left."
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.ListOptions"
     }
    }
   },
   "flotilla.operator.v1.ListNodesResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "nodes": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.types.v1.Node"
      }
     },
     "nextPageToken": {
      "type": "string"
     }
    }
   },
   "flotilla.operator.v1.ListOptions": {
    "description": "Which page of a list is wanted. Zero values mean the defaults.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "pageSize": {
      "type": "integer",
      "format": "int32",
      "description": "At most 500; 0 = 100."
     },
     "pageToken": {
      "type": "string",
      "description": "From the previous answer."
     },
     "filter": {
      "type": "string",
      "description": "AIP-160 subset: field = value, joined with AND; labels.key = value."
     },
     "orderBy": {
      "type": "string",
      "description": "Field, optionally followed by \\" desc\\"."
     }
    }
   },
   "flotilla.operator.v1.ListProjectsRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.ListOptions"
     }
    }
   },
   "flotilla.operator.v1.ListProjectsResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "projects": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.operator.v1.Project"
      }
     },
     "nextPageToken": {
      "type": "string"
     }
    }
   },
   "flotilla.operator.v1.ListTokensRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.ListOptions"
     }
    }
   },
   "flotilla.operator.v1.ListTokensResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "tokens": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.types.v1.EnrollmentToken"
      }
     },
     "nextPageToken": {
      "type": "string"
     }
    }
   },
   "flotilla.operator.v1.ListVersionsRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.ListOptions"
     }
    }
   },
   "flotilla.operator.v1.ListVersionsResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "versions": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.types.v1.KubernetesVersion"
      }
     },
     "nextPageToken": {
      "type": "string"
     }
    }
   },
   "flotilla.operator.v1.Member": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "meta": {
      "\$ref": "#/components/schemas/flotilla.types.v1.ResourceMeta"
     },
     "subject": {
      "type": "string",
      "description": "\\"api-key:<id>\\" of another project's key, or \\"user:<email>\\"."
     },
     "role": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.Role"
     }
    }
   },
   "flotilla.operator.v1.PauseClusterRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "cluster": {
      "type": "string"
     },
     "duration": {
      "type": "string",
      "pattern": "^-?[0-9]+(\\\\.[0-9]{1,9})?s\$",
      "examples": [
       "90s"
      ],
      "description": "At most 7 days; unset = 2 h."
     },
     "reason": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.PauseClusterResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "cluster": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Cluster"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.PauseMachineRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "machine": {
      "type": "string"
     },
     "duration": {
      "type": "string",
      "pattern": "^-?[0-9]+(\\\\.[0-9]{1,9})?s\$",
      "examples": [
       "90s"
      ],
      "description": "At most 7 days; unset = 2 h."
     },
     "reason": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.PauseMachineResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "machine": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Machine"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.PauseNodePoolRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "cluster": {
      "type": "string"
     },
     "nodePool": {
      "type": "string"
     },
     "duration": {
      "type": "string",
      "pattern": "^-?[0-9]+(\\\\.[0-9]{1,9})?s\$",
      "examples": [
       "90s"
      ],
      "description": "At most 7 days; unset = 2 h."
     },
     "reason": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.PauseNodePoolResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "nodePool": {
      "\$ref": "#/components/schemas/flotilla.types.v1.NodePool"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.Project": {
    "description": "Tenant: everything else belongs to exactly one project. The project \\"default\\" exists from the start.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "meta": {
      "\$ref": "#/components/schemas/flotilla.types.v1.ResourceMeta"
     },
     "displayName": {
      "type": "string"
     },
     "state": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.ProjectState"
     },
     "message": {
      "type": "string",
      "description": "What deletion waits for; empty unless DELETING."
     }
    }
   },
   "flotilla.operator.v1.QuarantineMachineRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "machine": {
      "type": "string"
     },
     "reason": {
      "type": "string",
      "description": "Shown beside the machine."
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.QuarantineMachineResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "machine": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Machine"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.ReleaseMachineRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "machine": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.ReleaseMachineResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "machine": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Machine"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.RemoveMemberRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "subject": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.RemoveMemberResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {}
   },
   "flotilla.operator.v1.RemoveNodeRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "cluster": {
      "type": "string"
     },
     "node": {
      "type": "string"
     },
     "shrink": {
      "type": "boolean"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     },
     "drain": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.DrainOptions"
     }
    }
   },
   "flotilla.operator.v1.RemoveNodeResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "node": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Node"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.ReplaceNodeRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "cluster": {
      "type": "string"
     },
     "node": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     },
     "drain": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.DrainOptions"
     }
    }
   },
   "flotilla.operator.v1.ReplaceNodeResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "node": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Node"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.ResumeClusterRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "cluster": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.ResumeClusterResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "cluster": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Cluster"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.ResumeMachineRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "machine": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.ResumeMachineResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "machine": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Machine"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.ResumeNodePoolRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "cluster": {
      "type": "string"
     },
     "nodePool": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.ResumeNodePoolResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "nodePool": {
      "\$ref": "#/components/schemas/flotilla.types.v1.NodePool"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.RetryNodeRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "cluster": {
      "type": "string"
     },
     "node": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.RetryNodeResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "node": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Node"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.RevokeApiKeyRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "apiKey": {
      "type": "string",
      "description": "Name or id."
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.RevokeApiKeyResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "apiKey": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.ApiKey"
     }
    }
   },
   "flotilla.operator.v1.RevokeTokenRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "token": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.RevokeTokenResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "token": {
      "\$ref": "#/components/schemas/flotilla.types.v1.EnrollmentToken"
     }
    }
   },
   "flotilla.operator.v1.SetMemberRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "subject": {
      "type": "string"
     },
     "role": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.Role"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.SetMemberResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "member": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.Member"
     }
    }
   },
   "flotilla.operator.v1.SyncArtifactsRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "version": {
      "type": "string"
     },
     "arch": {
      "type": "string",
      "description": "amd64 or arm64; empty = the server's own."
     },
     "source": {
      "type": "string",
      "description": "upstream or build; empty = the server's configured source."
     }
    }
   },
   "flotilla.operator.v1.SyncArtifactsResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "phase": {
      "type": "string"
     },
     "name": {
      "type": "string"
     },
     "doneBytes": {
      "type": "string",
      "format": "int64"
     },
     "totalBytes": {
      "type": "string",
      "format": "int64"
     },
     "result": {
      "\$ref": "#/components/schemas/flotilla.types.v1.VersionArtifacts",
      "description": "Set in the last message."
     }
    }
   },
   "flotilla.operator.v1.UncordonNodeRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "cluster": {
      "type": "string"
     },
     "node": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.UncordonNodeResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "node": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Node"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.UpdateClusterRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "cluster": {
      "type": "string"
     },
     "spec": {
      "\$ref": "#/components/schemas/flotilla.types.v1.ClusterSpec"
     },
     "labels": {
      "type": "object",
      "additionalProperties": {
       "type": "string"
      }
     },
     "updateMask": {
      "type": "string",
      "examples": [
       "labels,spec.size"
      ],
      "description": "For example \\"labels\\", \\"spec.availability\\", \\"kubeconfig\\"; empty = labels and all of spec."
     },
     "etag": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     },
     "kubeconfig": {
      "type": "string",
      "description": "EXTERNAL only, write-only."
     }
    }
   },
   "flotilla.operator.v1.UpdateClusterResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "cluster": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Cluster"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.UpdateMachineRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "machine": {
      "type": "string"
     },
     "labels": {
      "type": "object",
      "additionalProperties": {
       "type": "string"
      }
     },
     "location": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Location"
     },
     "remediationDisabled": {
      "type": "boolean"
     },
     "updateMask": {
      "type": "string",
      "examples": [
       "labels,spec.size"
      ],
      "description": "\\"labels\\", \\"location\\", \\"remediation_disabled\\"; empty = all."
     },
     "etag": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.UpdateMachineResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "machine": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Machine"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.UpdateNodePoolRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "cluster": {
      "type": "string"
     },
     "nodePool": {
      "type": "string"
     },
     "spec": {
      "\$ref": "#/components/schemas/flotilla.types.v1.NodePoolSpec"
     },
     "updateMask": {
      "type": "string",
      "examples": [
       "labels,spec.size"
      ],
      "description": "Paths inside spec, for example \\"size\\"; \\"labels\\" for the labels; empty = all of spec."
     },
     "etag": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     },
     "labels": {
      "type": "object",
      "additionalProperties": {
       "type": "string"
      }
     }
    }
   },
   "flotilla.operator.v1.UpdateNodePoolResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "nodePool": {
      "\$ref": "#/components/schemas/flotilla.types.v1.NodePool"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.UpdateProjectRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "displayName": {
      "type": "string"
     },
     "labels": {
      "type": "object",
      "additionalProperties": {
       "type": "string"
      }
     },
     "updateMask": {
      "type": "string",
      "examples": [
       "labels,spec.size"
      ],
      "description": "\\"display_name\\", \\"labels\\"; empty = both."
     },
     "etag": {
      "type": "string"
     },
     "options": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.WriteOptions"
     }
    }
   },
   "flotilla.operator.v1.UpdateProjectResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "\$ref": "#/components/schemas/flotilla.operator.v1.Project"
     },
     "revision": {
      "type": "string",
      "format": "int64"
     }
    }
   },
   "flotilla.operator.v1.WatchEventsRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "project": {
      "type": "string"
     },
     "afterRevision": {
      "type": "string",
      "format": "int64",
      "description": "0 = from now on."
     },
     "resourceKind": {
      "type": "string"
     },
     "resource": {
      "type": "string",
      "description": "Name or id of one resource; empty = all."
     }
    }
   },
   "flotilla.operator.v1.WatchEventsResponse": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "event": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Event"
     }
    }
   },
   "flotilla.operator.v1.WriteOptions": {
    "description": "Carried by everything that writes.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "requestId": {
      "type": "string",
      "description": "Client-made; the same id within 24 h gives the same answer, once."
     },
     "validateOnly": {
      "type": "boolean",
      "description": "Check everything, write nothing."
     }
    }
   },
   "flotilla.types.v1.CandidateMismatch": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "machineId": {
      "type": "string"
     },
     "machineName": {
      "type": "string"
     },
     "reasons": {
      "type": "array",
      "items": {
       "type": "string"
      },
      "description": "One sentence per rule that did not match."
     }
    }
   },
   "flotilla.types.v1.Cluster": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "meta": {
      "\$ref": "#/components/schemas/flotilla.types.v1.ResourceMeta"
     },
     "spec": {
      "\$ref": "#/components/schemas/flotilla.types.v1.ClusterSpec"
     },
     "status": {
      "\$ref": "#/components/schemas/flotilla.types.v1.ClusterStatus"
     }
    }
   },
   "flotilla.types.v1.ClusterCredentials": {
    "description": "Public material of a cluster made by kubeadm init on this machine.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "caCertificate": {
      "type": "string",
      "description": "PEM."
     },
     "caCertHash": {
      "type": "string",
      "description": "sha256:<hex of SPKI>."
     },
     "clientCertificate": {
      "type": "string",
      "description": "PEM client certificate for TargetCluster.control_plane_client_spki."
     }
    }
   },
   "flotilla.types.v1.ClusterSpec": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "controlPlaneKind": {
      "\$ref": "#/components/schemas/flotilla.types.v1.ControlPlaneKind"
     },
     "kubernetesVersion": {
      "type": "string",
      "description": "For example v1.34.4; empty at creation = the newest that is available for new clusters."
     },
     "cni": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Cni",
      "description": "Immutable."
     },
     "podCidr": {
      "type": "string",
      "description": "Immutable. Default 10.244.0.0/16."
     },
     "serviceCidr": {
      "type": "string",
      "description": "Immutable. Default 10.96.0.0/12."
     },
     "clusterDomain": {
      "type": "string",
      "description": "Immutable. Default cluster.local."
     },
     "endpoint": {
      "type": "string",
      "description": "host or host:port; empty = address of the first control-plane machine."
     },
     "availability": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Availability"
     },
     "cniSettings": {
      "\$ref": "#/components/schemas/flotilla.types.v1.CniSettings",
      "description": "Immutable."
     }
    }
   },
   "flotilla.types.v1.ClusterStatus": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "state": {
      "\$ref": "#/components/schemas/flotilla.types.v1.ClusterState"
     },
     "reason": {
      "type": "string"
     },
     "message": {
      "type": "string"
     },
     "conditions": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.types.v1.Condition"
      }
     },
     "endpoint": {
      "type": "string",
      "description": "host:port once known."
     },
     "caCertHashes": {
      "type": "array",
      "items": {
       "type": "string"
      },
      "description": "kubeadm form; empty before init."
     },
     "kubernetesVersion": {
      "type": "string"
     },
     "nodesTotal": {
      "type": "integer",
      "format": "int32"
     },
     "nodesRunning": {
      "type": "integer",
      "format": "int32"
     },
     "controlPlaneReplicas": {
      "type": "integer",
      "format": "int32",
      "description": "Control-plane members: wanted, and those that run."
     },
     "controlPlaneRunning": {
      "type": "integer",
      "format": "int32"
     },
     "missingRights": {
      "type": "array",
      "items": {
       "type": "string"
      },
      "description": "EXTERNAL: what the imported kubeconfig may not do though it must, for example \\"create secrets in kube-system\\"."
     },
     "holds": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.types.v1.Hold"
      }
     },
     "pause": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Pause"
     }
    }
   },
   "flotilla.types.v1.CniSettings": {
    "description": "Our settings on top of what the network plugin ships.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "mtu": {
      "type": "integer",
      "format": "int32",
      "description": "Bytes; 0 = the plugin's own choice."
     },
     "encapsulation": {
      "type": "string",
      "description": "vxlan, geneve, ipip, wireguard or none, as far as the plugin has it; empty = its default."
     }
    }
   },
   "flotilla.types.v1.Condition": {
    "description": "One observation about a resource, in the manner of the Kubernetes API conventions.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "type": {
      "type": "string",
      "description": "UpperCamelCase, for example AgentConnected, KubeletHealthy, RemediationAllowed."
     },
     "status": {
      "\$ref": "#/components/schemas/flotilla.types.v1.ConditionStatus"
     },
     "reason": {
      "type": "string",
      "description": "Machine-readable cause, UpperCamelCase."
     },
     "message": {
      "type": "string",
      "description": "One sentence for people."
     },
     "lastTransitionTime": {
      "type": "string",
      "format": "date-time"
     }
    }
   },
   "flotilla.types.v1.EnrollmentToken": {
    "description": "Lets machines enroll. The secret is shown once, at creation.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "meta": {
      "\$ref": "#/components/schemas/flotilla.types.v1.ResourceMeta"
     },
     "cluster": {
      "type": "string",
      "description": "Pool the machines join, as cluster/pool names; empty = they become spares."
     },
     "pool": {
      "type": "string"
     },
     "maxUses": {
      "type": "integer",
      "format": "int32"
     },
     "uses": {
      "type": "integer",
      "format": "int32"
     },
     "expireTime": {
      "type": "string",
      "format": "date-time"
     },
     "revokeTime": {
      "type": "string",
      "format": "date-time"
     },
     "machineLabels": {
      "type": "object",
      "additionalProperties": {
       "type": "string"
      },
      "description": "Labels each enrolled machine gets."
     },
     "location": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Location"
     },
     "sourceCidrs": {
      "type": "array",
      "items": {
       "type": "string"
      },
      "description": "Only from these addresses; empty = from anywhere."
     },
     "createdBy": {
      "type": "string"
     },
     "state": {
      "\$ref": "#/components/schemas/flotilla.types.v1.EnrollmentTokenState"
     }
    }
   },
   "flotilla.types.v1.Event": {
    "description": "Something that happened or was decided, to one resource.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "id": {
      "type": "string"
     },
     "revision": {
      "type": "string",
      "format": "int64",
      "description": "Total order, no gap, no repeat. Watch resumes after it."
     },
     "time": {
      "type": "string",
      "format": "date-time"
     },
     "project": {
      "type": "string"
     },
     "resourceKind": {
      "type": "string",
      "description": "cluster, pool, node, machine, token, ..."
     },
     "resourceId": {
      "type": "string"
     },
     "resourceName": {
      "type": "string"
     },
     "severity": {
      "\$ref": "#/components/schemas/flotilla.types.v1.EventSeverity"
     },
     "category": {
      "type": "string",
      "description": "Health, Remediation, Lifecycle, Access, ..."
     },
     "reason": {
      "type": "string",
      "description": "UpperCamelCase."
     },
     "message": {
      "type": "string"
     },
     "count": {
      "type": "integer",
      "format": "int32"
     }
    }
   },
   "flotilla.types.v1.HealthPolicy": {
    "description": "How a pool's nodes are healed. Unset fields have the documented defaults; breakers are on by default.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "mode": {
      "\$ref": "#/components/schemas/flotilla.types.v1.HealthMode"
     },
     "nodeStartupTimeout": {
      "type": "string",
      "pattern": "^-?[0-9]+(\\\\.[0-9]{1,9})?s\$",
      "examples": [
       "90s"
      ],
      "description": "Joining longer than this counts as unhealthy. Default 10 m."
     },
     "readyFalseTimeout": {
      "type": "string",
      "pattern": "^-?[0-9]+(\\\\.[0-9]{1,9})?s\$",
      "examples": [
       "90s"
      ],
      "description": "How long each condition must hold before the ladder starts.\\nDefault 5 m."
     },
     "readyUnknownTimeout": {
      "type": "string",
      "pattern": "^-?[0-9]+(\\\\.[0-9]{1,9})?s\$",
      "examples": [
       "90s"
      ],
      "description": "Default 5 m."
     },
     "diskPressureTimeout": {
      "type": "string",
      "pattern": "^-?[0-9]+(\\\\.[0-9]{1,9})?s\$",
      "examples": [
       "90s"
      ],
      "description": "Default 10 m."
     },
     "readonlyFilesystemTimeout": {
      "type": "string",
      "pattern": "^-?[0-9]+(\\\\.[0-9]{1,9})?s\$",
      "examples": [
       "90s"
      ],
      "description": "Default 2 m."
     },
     "kubeletUnhealthyTimeout": {
      "type": "string",
      "pattern": "^-?[0-9]+(\\\\.[0-9]{1,9})?s\$",
      "examples": [
       "90s"
      ],
      "description": "Default 1 m."
     },
     "runtimeUnhealthyTimeout": {
      "type": "string",
      "pattern": "^-?[0-9]+(\\\\.[0-9]{1,9})?s\$",
      "examples": [
       "90s"
      ],
      "description": "Default 1 m."
     },
     "maxUnhealthy": {
      "type": "string",
      "description": "Breaker of the pool: a count (\\"2\\") or a share (\\"20%\\") of its nodes that may be unhealthy at once. Empty = 20 %, at\\nleast 1. \\"0\\" or \\"0%\\" = hold always. Percentages round down."
     },
     "rebootAllowed": {
      "type": "boolean",
      "description": "Default true."
     },
     "replaceAllowed": {
      "type": "boolean",
      "description": "Default true."
     },
     "minHealthyTime": {
      "type": "string",
      "pattern": "^-?[0-9]+(\\\\.[0-9]{1,9})?s\$",
      "examples": [
       "90s"
      ],
      "description": "A node counts as healthy again after this long without a finding. Default 2 m."
     }
    }
   },
   "flotilla.types.v1.Hold": {
    "description": "A decision not to act.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "scope": {
      "type": "string",
      "description": "pool, location, cluster, fleet, machine."
     },
     "subject": {
      "type": "string",
      "description": "Name of the pool, the location or the cluster."
     },
     "reason": {
      "type": "string",
      "description": "TooManyUnhealthy, LocationSilent, AllSilent, OwnAbsence, Paused, Quorum, ApiServerUnknown, Disabled, ..."
     },
     "message": {
      "type": "string",
      "description": "One sentence with the numbers, and what is waited for."
     },
     "unhealthy": {
      "type": "integer",
      "format": "int32"
     },
     "total": {
      "type": "integer",
      "format": "int32"
     },
     "limit": {
      "type": "integer",
      "format": "int32",
      "description": "Most that may be unhealthy at once."
     },
     "sinceTime": {
      "type": "string",
      "format": "date-time"
     }
    }
   },
   "flotilla.types.v1.KubernetesVersion": {
    "description": "A catalogue entry.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "version": {
      "type": "string",
      "description": "For example v1.34.4."
     },
     "supportedSince": {
      "type": "string",
      "description": "ISO date since when Flotilla supports it."
     },
     "availableForNewClusters": {
      "type": "boolean"
     },
     "availableForExistingClusters": {
      "type": "boolean"
     },
     "components": {
      "type": "object",
      "additionalProperties": {
       "type": "string"
      },
      "description": "etcd, coredns, pause, containerd, cni-plugins, flannel -> version."
     },
     "artifacts": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.types.v1.VersionArtifacts"
      }
     },
     "availabilityNote": {
      "type": "string",
      "description": "Why it is not available for new or existing clusters; empty when it is."
     }
    }
   },
   "flotilla.types.v1.Location": {
    "description": "Where a machine stands.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "provider": {
      "type": "string"
     },
     "region": {
      "type": "string"
     },
     "zone": {
      "type": "string"
     }
    }
   },
   "flotilla.types.v1.Machine": {
    "description": "An enrolled host, whether in a cluster or not.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "meta": {
      "\$ref": "#/components/schemas/flotilla.types.v1.ResourceMeta"
     },
     "spec": {
      "\$ref": "#/components/schemas/flotilla.types.v1.MachineSpec"
     },
     "status": {
      "\$ref": "#/components/schemas/flotilla.types.v1.MachineStatus"
     }
    }
   },
   "flotilla.types.v1.MachineFacts": {
    "description": "What a host says of itself. Every field is an attribute, never an identity.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "hostname": {
      "type": "string"
     },
     "machineIdHash": {
      "type": "string",
      "description": "/etc/machine-id, hashed with a Flotilla-specific key by the agent."
     },
     "osId": {
      "type": "string"
     },
     "osVersion": {
      "type": "string"
     },
     "osName": {
      "type": "string"
     },
     "kernel": {
      "type": "string"
     },
     "arch": {
      "type": "string",
      "description": "amd64 or arm64."
     },
     "cpus": {
      "type": "integer",
      "format": "int32"
     },
     "memoryBytes": {
      "type": "string",
      "format": "int64"
     },
     "diskBytes": {
      "type": "string",
      "format": "int64",
      "description": "Size and free space of the file system that holds /var/lib."
     },
     "diskFreeBytes": {
      "type": "string",
      "format": "int64"
     },
     "interfaces": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.types.v1.NetworkInterface"
      }
     },
     "nodeAddress": {
      "type": "string",
      "description": "Address the kubelet shall use: the one the host reaches the control plane from."
     },
     "cgroupVersion": {
      "type": "integer",
      "format": "int32",
      "description": "1 or 2; 0 when it could not be read."
     },
     "virtualization": {
      "type": "string"
     },
     "agentVersion": {
      "type": "string"
     },
     "cloudProvider": {
      "type": "string",
      "description": "From cloud metadata, when there is any."
     },
     "cloudInstanceId": {
      "type": "string"
     },
     "instanceType": {
      "type": "string"
     }
    }
   },
   "flotilla.types.v1.MachineSelector": {
    "description": "All that is set must match.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "matchLabels": {
      "type": "object",
      "additionalProperties": {
       "type": "string"
      }
     },
     "os": {
      "type": "string"
     },
     "arch": {
      "type": "string"
     },
     "minCpus": {
      "type": "integer",
      "format": "int32"
     },
     "minMemoryBytes": {
      "type": "string",
      "format": "int64"
     },
     "minDiskBytes": {
      "type": "string",
      "format": "int64"
     },
     "location": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Location"
     }
    }
   },
   "flotilla.types.v1.MachineSpec": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "location": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Location"
     },
     "wantedPoolId": {
      "type": "string",
      "description": "Pool this machine was enrolled for (its id); empty = a spare for any pool that matches."
     },
     "quarantined": {
      "type": "boolean",
      "description": "True while an operator (or Flotilla) keeps the machine out of all pools."
     },
     "quarantineReason": {
      "type": "string"
     },
     "remediationDisabled": {
      "type": "boolean",
      "description": "True = Flotilla never repairs this machine, whatever its pool says."
     }
    }
   },
   "flotilla.types.v1.MachineStatus": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "state": {
      "\$ref": "#/components/schemas/flotilla.types.v1.MachineState"
     },
     "reason": {
      "type": "string",
      "description": "UpperCamelCase reason and one sentence, for every state."
     },
     "message": {
      "type": "string"
     },
     "session": {
      "\$ref": "#/components/schemas/flotilla.types.v1.SessionState"
     },
     "lastSeenTime": {
      "type": "string",
      "format": "date-time",
      "description": "When the last heartbeat was heard. Stored in coarse steps; live while connected."
     },
     "facts": {
      "\$ref": "#/components/schemas/flotilla.types.v1.MachineFacts"
     },
     "conditions": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.types.v1.Condition"
      }
     },
     "nodeId": {
      "type": "string",
      "description": "The node that holds the machine, if any."
     },
     "observed": {
      "\$ref": "#/components/schemas/flotilla.types.v1.ObservedState",
      "description": "Last complete report of the agent."
     },
     "targetEpoch": {
      "type": "string",
      "format": "int64",
      "description": "Newest target written for the machine."
     },
     "targetGeneration": {
      "type": "string",
      "format": "int64"
     },
     "remoteAddress": {
      "type": "string",
      "description": "Address the session came from."
     },
     "preserved": {
      "type": "boolean",
      "description": "Kept as it is for a person to look at: its kubelet is stopped and nothing on it is removed until it is released."
     },
     "pause": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Pause"
     }
    }
   },
   "flotilla.types.v1.Membership": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "role": {
      "\$ref": "#/components/schemas/flotilla.types.v1.MachineRole"
     },
     "clusterId": {
      "type": "string"
     },
     "nodeName": {
      "type": "string"
     },
     "kubeletVersion": {
      "type": "string"
     },
     "containerRuntime": {
      "type": "string"
     },
     "kubeletRunning": {
      "type": "boolean",
      "description": "The kubelet answers its healthz."
     }
    }
   },
   "flotilla.types.v1.NetworkInterface": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "name": {
      "type": "string"
     },
     "mac": {
      "type": "string"
     },
     "addresses": {
      "type": "array",
      "items": {
       "type": "string"
      }
     },
     "mtu": {
      "type": "integer",
      "format": "int32"
     }
    }
   },
   "flotilla.types.v1.Node": {
    "description": "The membership of one machine in one pool, from claim to release.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "meta": {
      "\$ref": "#/components/schemas/flotilla.types.v1.ResourceMeta"
     },
     "cluster": {
      "type": "string"
     },
     "pool": {
      "type": "string"
     },
     "machineId": {
      "type": "string"
     },
     "machineName": {
      "type": "string"
     },
     "role": {
      "\$ref": "#/components/schemas/flotilla.types.v1.NodePoolRole"
     },
     "status": {
      "\$ref": "#/components/schemas/flotilla.types.v1.NodeStatus"
     },
     "spec": {
      "\$ref": "#/components/schemas/flotilla.types.v1.NodeSpec"
     }
    }
   },
   "flotilla.types.v1.NodeDrain": {
    "description": "How far the emptying of a node is.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "podsLeft": {
      "type": "integer",
      "format": "int32"
     },
     "blocked": {
      "type": "array",
      "items": {
       "type": "string"
      },
      "description": "Sentences that name a pod and what blocks it; at most 5."
     },
     "startTime": {
      "type": "string",
      "format": "date-time"
     },
     "deadlineTime": {
      "type": "string",
      "format": "date-time",
      "description": "When it is parked if pods are left."
     },
     "parked": {
      "type": "boolean",
      "description": "The deadline is over; a person decides."
     },
     "forced": {
      "type": "boolean",
      "description": "Pods that a budget protects are deleted: an Admin asked for it."
     }
    }
   },
   "flotilla.types.v1.NodeHealth": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "verdict": {
      "\$ref": "#/components/schemas/flotilla.types.v1.HealthVerdict"
     },
     "reason": {
      "type": "string",
      "description": "UpperCamelCase cause, for example KubeletUnhealthy, ReadyUnknown, DiskPressure; empty when healthy."
     },
     "message": {
      "type": "string",
      "description": "What was seen, in one sentence with numbers."
     },
     "sinceTime": {
      "type": "string",
      "format": "date-time",
      "description": "Since when the verdict holds."
     },
     "actTime": {
      "type": "string",
      "format": "date-time",
      "description": "When the ladder would start if nothing changes; unset when it will not."
     },
     "hold": {
      "type": "string",
      "description": "What keeps us from acting, in one sentence; empty = nothing does."
     },
     "repair": {
      "\$ref": "#/components/schemas/flotilla.types.v1.RepairRun",
      "description": "The run of the ladder that is under way, or the last one."
     }
    }
   },
   "flotilla.types.v1.NodePool": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "meta": {
      "\$ref": "#/components/schemas/flotilla.types.v1.ResourceMeta"
     },
     "cluster": {
      "type": "string",
      "description": "Name of the cluster."
     },
     "spec": {
      "\$ref": "#/components/schemas/flotilla.types.v1.NodePoolSpec"
     },
     "status": {
      "\$ref": "#/components/schemas/flotilla.types.v1.NodePoolStatus"
     }
    }
   },
   "flotilla.types.v1.NodePoolSpec": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "role": {
      "\$ref": "#/components/schemas/flotilla.types.v1.NodePoolRole"
     },
     "size": {
      "type": "integer",
      "format": "int32",
      "description": "Set = sized: Flotilla claims machines until this many are in. Unset = open: who enrolls for the pool joins it."
     },
     "selector": {
      "\$ref": "#/components/schemas/flotilla.types.v1.MachineSelector"
     },
     "template": {
      "\$ref": "#/components/schemas/flotilla.types.v1.NodeTemplate"
     },
     "health": {
      "\$ref": "#/components/schemas/flotilla.types.v1.HealthPolicy"
     },
     "update": {
      "\$ref": "#/components/schemas/flotilla.types.v1.UpdatePolicy"
     },
     "drainTimeout": {
      "type": "string",
      "pattern": "^-?[0-9]+(\\\\.[0-9]{1,9})?s\$",
      "examples": [
       "90s"
      ],
      "description": "How long a node that leaves waits for its pods to go. Then it is parked, never forced. Default 1 h."
     }
    }
   },
   "flotilla.types.v1.NodePoolStatus": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "state": {
      "\$ref": "#/components/schemas/flotilla.types.v1.NodePoolState"
     },
     "reason": {
      "type": "string"
     },
     "message": {
      "type": "string"
     },
     "conditions": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.types.v1.Condition"
      }
     },
     "nodesTotal": {
      "type": "integer",
      "format": "int32"
     },
     "nodesRunning": {
      "type": "integer",
      "format": "int32"
     },
     "templateRevision": {
      "type": "string",
      "format": "int64",
      "description": "Rises when the template changes."
     },
     "missing": {
      "type": "integer",
      "format": "int32",
      "description": "For a sized pool: how many machines are missing, and why each candidate did not match."
     },
     "mismatches": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.types.v1.CandidateMismatch"
      }
     },
     "nodesUpdated": {
      "type": "integer",
      "format": "int32",
      "description": "Nodes that have the newest template revision."
     },
     "nodesHealthy": {
      "type": "integer",
      "format": "int32"
     },
     "holds": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.types.v1.Hold"
      },
      "description": "Why nothing disruptive is done in the pool now; empty = nothing keeps us."
     },
     "pause": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Pause"
     }
    }
   },
   "flotilla.types.v1.NodeSpec": {
    "description": "What an operator asked of the node.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "cordoned": {
      "type": "boolean",
      "description": "Keep new pods away. An operator who uncordons with kubectl takes this back."
     },
     "drained": {
      "type": "boolean",
      "description": "Empty it through the eviction API and keep it cordoned."
     }
    }
   },
   "flotilla.types.v1.NodeStatus": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "state": {
      "\$ref": "#/components/schemas/flotilla.types.v1.NodeState"
     },
     "reason": {
      "type": "string"
     },
     "message": {
      "type": "string"
     },
     "conditions": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.types.v1.Condition"
      }
     },
     "phases": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.types.v1.StepReport"
      },
      "description": "The numbered phases of joining or leaving, in order."
     },
     "templateRevision": {
      "type": "string",
      "format": "int64"
     },
     "kubernetesVersion": {
      "type": "string"
     },
     "internalAddress": {
      "type": "string"
     },
     "kubernetesReady": {
      "type": "boolean",
      "description": "What the API server says."
     },
     "schedulable": {
      "type": "boolean"
     },
     "readyTime": {
      "type": "string",
      "format": "date-time"
     },
     "lastSeenTime": {
      "type": "string",
      "format": "date-time"
     },
     "session": {
      "\$ref": "#/components/schemas/flotilla.types.v1.SessionState"
     },
     "warning": {
      "type": "string",
      "description": "UpperCamelCase warning shown beside the node, for example ManagementLost; empty when there is none."
     },
     "health": {
      "\$ref": "#/components/schemas/flotilla.types.v1.NodeHealth"
     },
     "drain": {
      "\$ref": "#/components/schemas/flotilla.types.v1.NodeDrain",
      "description": "Set while the node is drained or leaves."
     },
     "removalReason": {
      "type": "string",
      "description": "Why it goes, UpperCamelCase: OperatorRemoved, ScaledDown, Replaced, ...; empty = it stays."
     },
     "observedTemplateRevision": {
      "type": "string",
      "format": "int64",
      "description": "The revision that the host was last seen to have."
     }
    }
   },
   "flotilla.types.v1.NodeTemplate": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "kubernetesVersion": {
      "type": "string",
      "description": "Empty at creation = the cluster's version."
     },
     "labels": {
      "type": "object",
      "additionalProperties": {
       "type": "string"
      }
     },
     "taints": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.types.v1.Taint"
      }
     },
     "maxPods": {
      "type": "integer",
      "format": "int32"
     },
     "skippedChecks": {
      "type": "array",
      "items": {
       "type": "string"
      },
      "description": "Names of preflight checks to skip; recorded on each node."
     },
     "systemReserved": {
      "type": "object",
      "additionalProperties": {
       "type": "string"
      },
      "description": "Kubelet settings: resource name -> quantity, for example memory: 200Mi."
     },
     "kubeReserved": {
      "type": "object",
      "additionalProperties": {
       "type": "string"
      }
     },
     "evictionHard": {
      "type": "object",
      "additionalProperties": {
       "type": "string"
      },
      "description": "Signal -> threshold, for example memory.available: 200Mi."
     }
    }
   },
   "flotilla.types.v1.NonceReport": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "act": {
      "type": "string",
      "description": "reboot, restart-kubelet, ..."
     },
     "nonce": {
      "type": "string"
     },
     "state": {
      "\$ref": "#/components/schemas/flotilla.types.v1.NonceState"
     }
    }
   },
   "flotilla.types.v1.ObservedState": {
    "description": "What an agent says its machine is.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "acknowledgedEpoch": {
      "type": "string",
      "format": "int64",
      "description": "Held on the agent's disk."
     },
     "acknowledgedGeneration": {
      "type": "string",
      "format": "int64"
     },
     "observedGeneration": {
      "type": "string",
      "format": "int64",
      "description": "The report was made against this generation."
     },
     "converged": {
      "type": "boolean",
      "description": "True when no step is left."
     },
     "steps": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.types.v1.StepReport"
      }
     },
     "nonces": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.types.v1.NonceReport"
      }
     },
     "bootId": {
      "type": "string"
     },
     "membership": {
      "\$ref": "#/components/schemas/flotilla.types.v1.Membership",
      "description": "What the host is a member of, read from the host, not from the target."
     },
     "clean": {
      "type": "boolean",
      "description": "Host changes that leave did or would undo; empty on a machine proven clean."
     },
     "credentials": {
      "\$ref": "#/components/schemas/flotilla.types.v1.ClusterCredentials",
      "description": "Set once by the machine that ran kubeadm init."
     },
     "templateRevision": {
      "type": "string",
      "format": "int64",
      "description": "The kubelet's settings on the host are those of this revision; 0 = not known."
     },
     "isolated": {
      "type": "boolean",
      "description": "The kubelet is stopped by our order."
     }
    }
   },
   "flotilla.types.v1.Pause": {
    "description": "No repair while it lasts.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "untilTime": {
      "type": "string",
      "format": "date-time",
      "description": "When it ends by itself."
     },
     "reason": {
      "type": "string"
     },
     "createdBy": {
      "type": "string",
      "description": "Who asked, as in the audit log."
     }
    }
   },
   "flotilla.types.v1.Problem": {
    "description": "Something that went wrong, with its cure.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "code": {
      "type": "string",
      "description": "UPPER_SNAKE, stable, for example SWAP_ON."
     },
     "message": {
      "type": "string",
      "description": "What was seen, with the facts."
     },
     "remedy": {
      "type": "string",
      "description": "What a person can do about it."
     }
    }
   },
   "flotilla.types.v1.RepairRun": {
    "description": "One run of the remediation ladder on one node.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "id": {
      "type": "string",
      "description": "rep_..."
     },
     "cause": {
      "type": "string",
      "description": "UpperCamelCase, as NodeHealth.reason when it began."
     },
     "rung": {
      "\$ref": "#/components/schemas/flotilla.types.v1.RepairRung"
     },
     "state": {
      "\$ref": "#/components/schemas/flotilla.types.v1.RepairState"
     },
     "message": {
      "type": "string",
      "description": "What is done or was decided now, and what is waited for."
     },
     "startTime": {
      "type": "string",
      "format": "date-time"
     },
     "rungStartTime": {
      "type": "string",
      "format": "date-time"
     },
     "rungDeadlineTime": {
      "type": "string",
      "format": "date-time",
      "description": "When the next rung is taken if success is not observed."
     },
     "endTime": {
      "type": "string",
      "format": "date-time"
     },
     "history": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.types.v1.RepairRungResult"
      },
      "description": "Rungs that were taken before this one, oldest first."
     }
    }
   },
   "flotilla.types.v1.RepairRungResult": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "rung": {
      "\$ref": "#/components/schemas/flotilla.types.v1.RepairRung"
     },
     "startTime": {
      "type": "string",
      "format": "date-time"
     },
     "endTime": {
      "type": "string",
      "format": "date-time"
     },
     "outcome": {
      "type": "string",
      "description": "Succeeded, NotObserved, Interrupted, Failed, NotAllowed, NotAvailable, Skipped."
     },
     "message": {
      "type": "string"
     }
    }
   },
   "flotilla.types.v1.ResourceMeta": {
    "description": "What every resource carries.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "id": {
      "type": "string",
      "description": "Opaque, typed by prefix: prj_ clu_ pol_ mch_ nod_ tok_ key_."
     },
     "name": {
      "type": "string",
      "description": "DNS label, unique within the parent, immutable."
     },
     "project": {
      "type": "string",
      "description": "Name of the project; empty for instance-wide resources."
     },
     "createTime": {
      "type": "string",
      "format": "date-time"
     },
     "updateTime": {
      "type": "string",
      "format": "date-time"
     },
     "etag": {
      "type": "string",
      "description": "Changes with every stored change. Send it back in an update to refuse a lost update."
     },
     "labels": {
      "type": "object",
      "additionalProperties": {
       "type": "string"
      },
      "description": "The operator's labels."
     },
     "deleteTime": {
      "type": "string",
      "format": "date-time",
      "description": "Set once deletion was asked for."
     }
    }
   },
   "flotilla.types.v1.StepReport": {
    "description": "Progress of one numbered phase, as the terminal and the API show it.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "phase": {
      "type": "string",
      "description": "enroll, assign, preflight, prepare-host, install-runtime, install-kubernetes, load-images, init, join, register,\\nnetwork-ready, ready, leave, ..."
     },
     "step": {
      "type": "string",
      "description": "The step inside the phase that runs or failed."
     },
     "state": {
      "\$ref": "#/components/schemas/flotilla.types.v1.StepState"
     },
     "index": {
      "type": "integer",
      "format": "int32"
     },
     "total": {
      "type": "integer",
      "format": "int32"
     },
     "startTime": {
      "type": "string",
      "format": "date-time"
     },
     "endTime": {
      "type": "string",
      "format": "date-time"
     },
     "attempt": {
      "type": "integer",
      "format": "int32"
     },
     "problems": {
      "type": "array",
      "items": {
       "\$ref": "#/components/schemas/flotilla.types.v1.Problem"
      },
      "description": "All problems at once; empty unless failed or parked."
     },
     "progress": {
      "type": "string",
      "description": "For example \\"412 of 640 MB\\"."
     },
     "retryTime": {
      "type": "string",
      "format": "date-time",
      "description": "When a failed phase will be tried again; unset when parked."
     }
    }
   },
   "flotilla.types.v1.Taint": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "key": {
      "type": "string"
     },
     "value": {
      "type": "string"
     },
     "effect": {
      "type": "string",
      "description": "NoSchedule, PreferNoSchedule or NoExecute."
     }
    }
   },
   "flotilla.types.v1.UpdatePolicy": {
    "description": "How a new template revision reaches the nodes.",
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "strategy": {
      "\$ref": "#/components/schemas/flotilla.types.v1.UpdateStrategy"
     },
     "maxUnavailable": {
      "type": "string",
      "description": "Nodes of the pool that may be out of service at once because of us: a count or a share (\\"1\\", \\"25%\\"). Empty = 1.\\nPercentages round down, at least 1 unless max_surge is set."
     },
     "maxSurge": {
      "type": "string",
      "description": "Spares taken in addition while nodes are replaced: a count or a share. Empty = 0. Percentages round up."
     }
    }
   },
   "flotilla.types.v1.VersionArtifacts": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "arch": {
      "type": "string"
     },
     "state": {
      "\$ref": "#/components/schemas/flotilla.types.v1.ArtifactState"
     },
     "files": {
      "type": "integer",
      "format": "int32"
     },
     "sizeBytes": {
      "type": "string",
      "format": "int64"
     },
     "manifestSha256": {
      "type": "string",
      "description": "sha256 (hex) of the canonical manifest; empty when not mirrored."
     }
    }
   },
   "flotilla.operator.v1.ProjectState": {
    "type": "string",
    "enum": [
     "PROJECT_STATE_UNSPECIFIED",
     "PROJECT_STATE_ACTIVE",
     "PROJECT_STATE_DELETING"
    ]
   },
   "flotilla.operator.v1.Role": {
    "type": "string",
    "enum": [
     "ROLE_UNSPECIFIED",
     "ROLE_READER",
     "ROLE_MEMBER",
     "ROLE_ADMIN",
     "ROLE_INSTANCE_ADMIN"
    ]
   },
   "flotilla.types.v1.ArtifactState": {
    "type": "string",
    "enum": [
     "ARTIFACT_STATE_UNSPECIFIED",
     "ARTIFACT_STATE_MISSING",
     "ARTIFACT_STATE_SYNCING",
     "ARTIFACT_STATE_MIRRORED"
    ]
   },
   "flotilla.types.v1.Availability": {
    "type": "string",
    "enum": [
     "AVAILABILITY_UNSPECIFIED",
     "AVAILABILITY_SINGLE_ZONE",
     "AVAILABILITY_MULTI_ZONE",
     "AVAILABILITY_REGIONAL"
    ]
   },
   "flotilla.types.v1.ClusterState": {
    "type": "string",
    "enum": [
     "CLUSTER_STATE_UNSPECIFIED",
     "CLUSTER_STATE_PENDING",
     "CLUSTER_STATE_PROVISIONING",
     "CLUSTER_STATE_PROVISIONED",
     "CLUSTER_STATE_DELETING",
     "CLUSTER_STATE_FAILED"
    ]
   },
   "flotilla.types.v1.Cni": {
    "type": "string",
    "enum": [
     "CNI_UNSPECIFIED",
     "CNI_NONE",
     "CNI_FLANNEL",
     "CNI_CALICO",
     "CNI_CILIUM"
    ]
   },
   "flotilla.types.v1.ConditionStatus": {
    "type": "string",
    "enum": [
     "CONDITION_STATUS_UNSPECIFIED",
     "CONDITION_STATUS_TRUE",
     "CONDITION_STATUS_FALSE",
     "CONDITION_STATUS_UNKNOWN"
    ]
   },
   "flotilla.types.v1.ControlPlaneKind": {
    "type": "string",
    "enum": [
     "CONTROL_PLANE_KIND_UNSPECIFIED",
     "CONTROL_PLANE_KIND_SELF_PROVISIONED",
     "CONTROL_PLANE_KIND_EXTERNAL"
    ]
   },
   "flotilla.types.v1.EnrollmentTokenState": {
    "type": "string",
    "enum": [
     "ENROLLMENT_TOKEN_STATE_UNSPECIFIED",
     "ENROLLMENT_TOKEN_STATE_ACTIVE",
     "ENROLLMENT_TOKEN_STATE_SPENT",
     "ENROLLMENT_TOKEN_STATE_EXPIRED",
     "ENROLLMENT_TOKEN_STATE_REVOKED"
    ]
   },
   "flotilla.types.v1.EventSeverity": {
    "type": "string",
    "enum": [
     "EVENT_SEVERITY_UNSPECIFIED",
     "EVENT_SEVERITY_NORMAL",
     "EVENT_SEVERITY_WARNING"
    ]
   },
   "flotilla.types.v1.HealthMode": {
    "type": "string",
    "enum": [
     "HEALTH_MODE_UNSPECIFIED",
     "HEALTH_MODE_ENABLED",
     "HEALTH_MODE_OBSERVE",
     "HEALTH_MODE_DISABLED"
    ]
   },
   "flotilla.types.v1.HealthVerdict": {
    "description": "What two witnesses, the agent's stream and the kubelet's Lease and Ready condition, say together.",
    "type": "string",
    "enum": [
     "HEALTH_VERDICT_UNSPECIFIED",
     "HEALTH_VERDICT_HEALTHY",
     "HEALTH_VERDICT_KUBELET_SICK",
     "HEALTH_VERDICT_MANAGEMENT_LOST",
     "HEALTH_VERDICT_HOST_GONE",
     "HEALTH_VERDICT_STARTING",
     "HEALTH_VERDICT_UNKNOWN"
    ]
   },
   "flotilla.types.v1.MachineRole": {
    "type": "string",
    "enum": [
     "MACHINE_ROLE_UNSPECIFIED",
     "MACHINE_ROLE_NONE",
     "MACHINE_ROLE_WORKER",
     "MACHINE_ROLE_CONTROL_PLANE"
    ]
   },
   "flotilla.types.v1.MachineState": {
    "type": "string",
    "enum": [
     "MACHINE_STATE_UNSPECIFIED",
     "MACHINE_STATE_AVAILABLE",
     "MACHINE_STATE_RESERVED",
     "MACHINE_STATE_IN_USE",
     "MACHINE_STATE_CLEANING",
     "MACHINE_STATE_QUARANTINED",
     "MACHINE_STATE_RETIRED"
    ]
   },
   "flotilla.types.v1.NodePoolRole": {
    "type": "string",
    "enum": [
     "NODE_POOL_ROLE_UNSPECIFIED",
     "NODE_POOL_ROLE_WORKER",
     "NODE_POOL_ROLE_CONTROL_PLANE"
    ]
   },
   "flotilla.types.v1.NodePoolState": {
    "type": "string",
    "enum": [
     "NODE_POOL_STATE_UNSPECIFIED",
     "NODE_POOL_STATE_RUNNING",
     "NODE_POOL_STATE_RUNNING_SCHEDULING_DISABLED",
     "NODE_POOL_STATE_UPDATING",
     "NODE_POOL_STATE_SCALING_UP",
     "NODE_POOL_STATE_SCALING_DOWN",
     "NODE_POOL_STATE_DELETING",
     "NODE_POOL_STATE_FAILED"
    ]
   },
   "flotilla.types.v1.NodeState": {
    "type": "string",
    "enum": [
     "NODE_STATE_UNSPECIFIED",
     "NODE_STATE_PENDING",
     "NODE_STATE_PROVISIONING",
     "NODE_STATE_PROVISIONED",
     "NODE_STATE_RUNNING",
     "NODE_STATE_RUNNING_SCHEDULING_DISABLED",
     "NODE_STATE_DELETING",
     "NODE_STATE_DELETED",
     "NODE_STATE_FAILED"
    ]
   },
   "flotilla.types.v1.NonceState": {
    "type": "string",
    "enum": [
     "NONCE_STATE_UNSPECIFIED",
     "NONCE_STATE_STARTED",
     "NONCE_STATE_DONE",
     "NONCE_STATE_INTERRUPTED",
     "NONCE_STATE_FAILED"
    ]
   },
   "flotilla.types.v1.RepairRung": {
    "type": "string",
    "enum": [
     "REPAIR_RUNG_UNSPECIFIED",
     "REPAIR_RUNG_RESTART_KUBELET",
     "REPAIR_RUNG_RESTART_RUNTIME",
     "REPAIR_RUNG_RENEW_CERTIFICATES",
     "REPAIR_RUNG_FREE_DISK",
     "REPAIR_RUNG_REBOOT",
     "REPAIR_RUNG_REJOIN",
     "REPAIR_RUNG_REPLACE",
     "REPAIR_RUNG_ASK"
    ]
   },
   "flotilla.types.v1.RepairState": {
    "type": "string",
    "enum": [
     "REPAIR_STATE_UNSPECIFIED",
     "REPAIR_STATE_RUNNING",
     "REPAIR_STATE_SUCCEEDED",
     "REPAIR_STATE_PARKED",
     "REPAIR_STATE_CANCELLED",
     "REPAIR_STATE_OBSERVED"
    ]
   },
   "flotilla.types.v1.SessionState": {
    "type": "string",
    "enum": [
     "SESSION_STATE_UNSPECIFIED",
     "SESSION_STATE_CONNECTED",
     "SESSION_STATE_SILENT",
     "SESSION_STATE_DISCONNECTED"
    ]
   },
   "flotilla.types.v1.StepState": {
    "type": "string",
    "enum": [
     "STEP_STATE_UNSPECIFIED",
     "STEP_STATE_WAITING",
     "STEP_STATE_RUNNING",
     "STEP_STATE_DONE",
     "STEP_STATE_FAILED",
     "STEP_STATE_PARKED"
    ]
   },
   "flotilla.types.v1.UpdateStrategy": {
    "type": "string",
    "enum": [
     "UPDATE_STRATEGY_UNSPECIFIED",
     "UPDATE_STRATEGY_IN_PLACE",
     "UPDATE_STRATEGY_REPLACE",
     "UPDATE_STRATEGY_IN_PLACE_ELSE_REPLACE"
    ]
   },
   "Error": {
    "description": "An error as the Connect protocol has it.",
    "type": "object",
    "required": [
     "code",
     "message"
    ],
    "properties": {
     "code": {
      "type": "string",
      "description": "The gRPC code in lower case, for example not_found."
     },
     "message": {
      "type": "string",
      "description": "One sentence for people."
     },
     "details": {
      "type": "array",
      "description": "google.rpc.ErrorInfo (stable reason), google.rpc.BadRequest (fields), google.rpc.Help (what to do), google.rpc.RetryInfo.",
      "items": {
       "type": "object",
       "required": [
        "type",
        "value"
       ],
       "properties": {
        "type": {
         "type": "string"
        },
        "value": {
         "type": "string",
         "description": "The message in protobuf, base64 without padding."
        },
        "debug": {
         "description": "The same as JSON."
        }
       }
      }
     }
    }
   }
  }
 }
}
`;
