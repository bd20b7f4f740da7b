// Made from crds/backup.yaml, crds/repository.yaml, crds/restore.yaml by `npm run generate`. Do not edit.
import type { Schema } from "./schema.ts";

export type SchemaKind = "Backup" | "Repository" | "Restore";

export const SCHEMAS: Readonly<Record<SchemaKind, Schema>> = {
  Backup: {
  "type": "object",
  "required": [
    "spec"
  ],
  "x-kubernetes-validations": [
    {
      "rule": "self.metadata.name.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$')",
      "message": "metadata.name must be at most 63 of a-z, 0-9 and -, and begin and end with a letter or digit: write a shorter name without dots; names of Services and Jobs are made from it"
    }
  ],
  "properties": {
    "apiVersion": {
      "type": "string"
    },
    "kind": {
      "type": "string"
    },
    "metadata": {
      "type": "object"
    },
    "spec": {
      "type": "object",
      "required": [
        "repository",
        "database"
      ],
      "x-kubernetes-validations": [
        {
          "rule": "has(self.tables) == has(oldSelf.tables) && (!has(self.tables) || self.tables == oldSelf.tables)",
          "message": "tables cannot be changed, because a Backup is carried out once: make another Backup (only cancel, bandwidth and deletionPolicy may change)",
          "fieldPath": ".tables"
        },
        {
          "rule": "has(self.snapshotName) == has(oldSelf.snapshotName) && (!has(self.snapshotName) || self.snapshotName == oldSelf.snapshotName)",
          "message": "snapshotName cannot be changed, because a Backup is carried out once: make another Backup (only cancel, bandwidth and deletionPolicy may change)",
          "fieldPath": ".snapshotName"
        },
        {
          "rule": "!has(self.snapshotName) || size(self.snapshotName) <= 57 || self.retry.maxAttempts == 1",
          "message": "snapshotName may have 57 characters, because later attempts add _2 to _20: write a shorter one, or set retry.maxAttempts to 1",
          "fieldPath": ".snapshotName"
        }
      ],
      "properties": {
        "repository": {
          "type": "string",
          "maxLength": 63,
          "x-kubernetes-validations": [
            {
              "rule": "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
              "message": "repository must be the name of a Repository in the same namespace, which has only lower-case letters, digits and dashes: write for example prod"
            },
            {
              "rule": "self == oldSelf",
              "message": "repository cannot be changed, because a Backup is carried out once: make another Backup (only cancel, bandwidth and deletionPolicy may change)"
            }
          ]
        },
        "database": {
          "type": "string",
          "maxLength": 256,
          "x-kubernetes-validations": [
            {
              "rule": "self.matches('^[^\\\\x00-\\\\x1f\\\\x7f-\\\\x9f\\u2028\\u2029]+$')",
              "message": "database must be the name of a database as StarRocks shows it, without line breaks and other control characters: write for example shop"
            },
            {
              "rule": "self == oldSelf",
              "message": "database cannot be changed, because a Backup is carried out once: make another Backup (only cancel, bandwidth and deletionPolicy may change)"
            },
            {
              "rule": "!self.matches('^(?i:information_schema|_statistics_|sys)$')",
              "message": "information_schema, _statistics_ and sys are StarRocks' own and cannot be backed up: name a database of yours"
            }
          ]
        },
        "tables": {
          "type": "array",
          "minItems": 1,
          "maxItems": 1000,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": [
            "name"
          ],
          "items": {
            "type": "object",
            "required": [
              "name"
            ],
            "properties": {
              "name": {
                "type": "string",
                "maxLength": 1024,
                "x-kubernetes-validations": [
                  {
                    "rule": "self.matches('^[^\\\\x00-\\\\x1f\\\\x7f-\\\\x9f\\u2028\\u2029]+$')",
                    "message": "a table's name must be as StarRocks shows it, without line breaks and other control characters: write for example orders"
                  }
                ]
              },
              "partitions": {
                "type": "array",
                "minItems": 1,
                "maxItems": 4096,
                "x-kubernetes-list-type": "set",
                "items": {
                  "type": "string",
                  "minLength": 1,
                  "maxLength": 1024,
                  "pattern": "^[^\\p{Cc}\\p{Zl}\\p{Zp}]*$"
                }
              }
            },
            "additionalProperties": false
          }
        },
        "timeout": {
          "type": "string",
          "maxLength": 32,
          "default": "24h",
          "x-kubernetes-validations": [
            {
              "rule": "self == oldSelf",
              "message": "timeout cannot be changed, because StarRocks was told it at the start: make another Backup (only cancel, bandwidth and deletionPolicy may change)"
            },
            {
              "rule": "self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('10m') && duration(self) <= duration('8760h')",
              "message": "timeout must be a number with h, m or s, from 10m (the least that StarRocks takes) to 8760h: write for example 6h or 1h30m, and 24h for a day"
            }
          ]
        },
        "noProgressTimeout": {
          "type": "string",
          "maxLength": 32,
          "default": "30m",
          "x-kubernetes-validations": [
            {
              "rule": "self == oldSelf",
              "message": "noProgressTimeout cannot be changed, because a Backup is carried out once: make another Backup (only cancel, bandwidth and deletionPolicy may change)"
            },
            {
              "rule": "self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1m') && duration(self) <= duration('8760h')",
              "message": "noProgressTimeout must be a number with h, m or s, from 1m to 8760h: write for example 30m or 1h30m"
            }
          ]
        },
        "retry": {
          "type": "object",
          "default": {},
          "x-kubernetes-validations": [
            {
              "rule": "self == oldSelf",
              "message": "retry cannot be changed, because a Backup is carried out once: make another Backup (only cancel, bandwidth and deletionPolicy may change)"
            }
          ],
          "properties": {
            "maxAttempts": {
              "type": "integer",
              "format": "int32",
              "minimum": 1,
              "maximum": 20,
              "default": 3
            },
            "backoff": {
              "type": "string",
              "maxLength": 32,
              "default": "1m",
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) <= duration('24h')",
                  "message": "retry.backoff must be a number with h, m or s, at most 24h: write for example 5m or 30s"
                }
              ]
            }
          },
          "additionalProperties": false
        },
        "bandwidth": {
          "maxLength": 24,
          "x-kubernetes-validations": [
            {
              "rule": "type(self) == int ? self >= 1048576 : self.matches('^[0-9]+([.][0-9]+)?([kMGTP]|[KMGTP]i)?$') && quantity(self).compareTo(quantity('1Mi')) >= 0",
              "message": "bandwidth must be bytes per second, at least 1Mi, as a whole number or with k, M, G, Ki, Mi or Gi: write for example 50Mi, or leave it out for what the Repository says"
            }
          ],
          "type": [
            "integer",
            "string"
          ]
        },
        "deletionPolicy": {
          "type": "string",
          "enum": [
            "Retain",
            "Delete"
          ],
          "default": "Retain"
        },
        "snapshotName": {
          "type": "string",
          "minLength": 1,
          "maxLength": 60,
          "x-kubernetes-validations": [
            {
              "rule": "self.matches('^[A-Za-z0-9_]*$')",
              "message": "snapshotName may have only letters, digits and _: write for example before_upgrade for before-upgrade"
            }
          ]
        },
        "cancel": {
          "type": "boolean",
          "default": false,
          "x-kubernetes-validations": [
            {
              "rule": "self || !oldSelf",
              "message": "cancel cannot be taken back: make another Backup"
            }
          ]
        }
      },
      "additionalProperties": false
    },
    "status": {
      "type": "object",
      "default": {
        "observedGeneration": -1
      },
      "properties": {
        "observedGeneration": {
          "type": "integer",
          "format": "int64",
          "default": -1
        },
        "phase": {
          "type": "string",
          "enum": [
            "PENDING",
            "SNAPSHOTING",
            "UPLOADING",
            "COMMIT",
            "FINISHED",
            "FAILED",
            "CANCELLED"
          ]
        },
        "conditions": {
          "type": "array",
          "maxItems": 16,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": [
            "type"
          ],
          "items": {
            "type": "object",
            "required": [
              "type",
              "status",
              "lastTransitionTime",
              "reason",
              "message"
            ],
            "properties": {
              "type": {
                "type": "string",
                "maxLength": 316,
                "pattern": "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
              },
              "status": {
                "type": "string",
                "enum": [
                  "True",
                  "False",
                  "Unknown"
                ]
              },
              "reason": {
                "type": "string",
                "minLength": 1,
                "maxLength": 1024,
                "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"
              },
              "message": {
                "type": "string",
                "maxLength": 32768
              },
              "observedGeneration": {
                "type": "integer",
                "format": "int64",
                "minimum": 0
              },
              "lastTransitionTime": {
                "type": "string",
                "format": "date-time"
              }
            },
            "additionalProperties": false
          }
        },
        "reason": {
          "type": "string",
          "maxLength": 1024
        },
        "message": {
          "type": "string",
          "maxLength": 32768
        },
        "attempt": {
          "type": "integer",
          "format": "int32",
          "minimum": 1
        },
        "snapshot": {
          "type": "object",
          "required": [
            "name"
          ],
          "properties": {
            "name": {
              "type": "string",
              "maxLength": 60
            },
            "timestamp": {
              "type": "string",
              "maxLength": 64
            }
          },
          "additionalProperties": false
        },
        "repositoryUID": {
          "type": "string",
          "maxLength": 64
        },
        "location": {
          "type": "string",
          "maxLength": 1024
        },
        "repositoryName": {
          "type": "string",
          "maxLength": 64
        },
        "database": {
          "type": "string",
          "maxLength": 256
        },
        "startTime": {
          "type": "string",
          "format": "date-time"
        },
        "phaseStartTime": {
          "type": "string",
          "format": "date-time"
        },
        "completionTime": {
          "type": "string",
          "format": "date-time"
        },
        "queue": {
          "type": "object",
          "properties": {
            "position": {
              "type": "integer",
              "format": "int32",
              "minimum": 1
            },
            "message": {
              "type": "string",
              "maxLength": 4096
            }
          },
          "additionalProperties": false
        },
        "slot": {
          "type": "object",
          "required": [
            "name",
            "index",
            "attempt"
          ],
          "properties": {
            "attempt": {
              "type": "integer",
              "format": "int32",
              "minimum": 1
            },
            "name": {
              "type": "string",
              "maxLength": 253
            },
            "index": {
              "type": "integer",
              "format": "int32",
              "minimum": 0
            }
          },
          "additionalProperties": false
        },
        "submission": {
          "type": "object",
          "required": [
            "label",
            "attempt",
            "time"
          ],
          "properties": {
            "label": {
              "type": "string",
              "maxLength": 256
            },
            "attempt": {
              "type": "integer",
              "format": "int32",
              "minimum": 1
            },
            "time": {
              "type": "string",
              "format": "date-time"
            },
            "before": {
              "type": "string",
              "maxLength": 4096
            },
            "accepted": {
              "type": "boolean"
            }
          },
          "additionalProperties": false
        },
        "attemptStartTime": {
          "type": "string",
          "format": "date-time"
        },
        "doneTime": {
          "type": "string",
          "format": "date-time"
        },
        "pruned": {
          "type": "array",
          "maxItems": 40,
          "x-kubernetes-list-type": "atomic",
          "items": {
            "type": "string",
            "maxLength": 256
          }
        },
        "progress": {
          "type": "object",
          "properties": {
            "state": {
              "type": "string",
              "maxLength": 64
            },
            "time": {
              "type": "string",
              "format": "date-time"
            },
            "calls": {
              "type": "integer",
              "format": "int64",
              "minimum": 0
            },
            "bytes": {
              "type": "integer",
              "format": "int64",
              "minimum": 0
            },
            "bytesPerSecond": {
              "type": "integer",
              "format": "int64",
              "minimum": 0
            },
            "files": {
              "type": "integer",
              "format": "int64",
              "minimum": 0
            },
            "tablets": {
              "type": "object",
              "properties": {
                "done": {
                  "type": "integer",
                  "format": "int32",
                  "minimum": 0
                },
                "total": {
                  "type": "integer",
                  "format": "int32",
                  "minimum": 0
                }
              },
              "additionalProperties": false
            },
            "unfinishedTasks": {
              "type": "integer",
              "format": "int32",
              "minimum": 0
            },
            "percent": {
              "type": "integer",
              "format": "int32",
              "minimum": 0,
              "maximum": 100
            },
            "transferred": {
              "type": "string",
              "maxLength": 32
            },
            "lastChangeTime": {
              "type": "string",
              "format": "date-time"
            },
            "nodes": {
              "type": "array",
              "maxItems": 200,
              "x-kubernetes-list-type": "map",
              "x-kubernetes-list-map-keys": [
                "name"
              ],
              "items": {
                "type": "object",
                "required": [
                  "name"
                ],
                "properties": {
                  "name": {
                    "type": "string",
                    "maxLength": 253
                  },
                  "bytes": {
                    "type": "integer",
                    "format": "int64",
                    "minimum": 0
                  },
                  "bytesPerSecond": {
                    "type": "integer",
                    "format": "int64",
                    "minimum": 0
                  },
                  "files": {
                    "type": "integer",
                    "format": "int64",
                    "minimum": 0
                  },
                  "state": {
                    "type": "string",
                    "maxLength": 64
                  },
                  "message": {
                    "type": "string",
                    "maxLength": 4096
                  }
                },
                "additionalProperties": false
              }
            }
          },
          "additionalProperties": false
        },
        "sealed": {
          "type": "object",
          "properties": {
            "files": {
              "type": "integer",
              "format": "int64",
              "minimum": 0
            },
            "bytes": {
              "type": "integer",
              "format": "int64",
              "minimum": 0
            },
            "tablets": {
              "type": "integer",
              "format": "int64",
              "minimum": 0
            },
            "time": {
              "type": "string",
              "format": "date-time"
            }
          },
          "additionalProperties": false
        },
        "ending": {
          "type": "object",
          "required": [
            "outcome",
            "reason",
            "message"
          ],
          "properties": {
            "outcome": {
              "type": "string",
              "enum": [
                "RETRY",
                "WAIT",
                "FAILED",
                "CANCELLED"
              ]
            },
            "reason": {
              "type": "string",
              "maxLength": 1024
            },
            "message": {
              "type": "string",
              "maxLength": 32768
            },
            "pruned": {
              "type": "boolean"
            },
            "cancelled": {
              "type": "boolean"
            },
            "time": {
              "type": "string",
              "format": "date-time"
            }
          },
          "additionalProperties": false
        },
        "attempts": {
          "type": "array",
          "maxItems": 20,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": [
            "number"
          ],
          "items": {
            "type": "object",
            "required": [
              "number"
            ],
            "properties": {
              "number": {
                "type": "integer",
                "format": "int32",
                "minimum": 1
              },
              "snapshotName": {
                "type": "string",
                "maxLength": 256
              },
              "startTime": {
                "type": "string",
                "format": "date-time"
              },
              "endTime": {
                "type": "string",
                "format": "date-time"
              },
              "reason": {
                "type": "string",
                "maxLength": 1024
              },
              "message": {
                "type": "string",
                "maxLength": 32768
              }
            },
            "additionalProperties": false
          }
        },
        "leftOut": {
          "type": "array",
          "maxItems": 100,
          "x-kubernetes-list-type": "atomic",
          "items": {
            "type": "object",
            "required": [
              "name",
              "kind"
            ],
            "properties": {
              "name": {
                "type": "string",
                "maxLength": 1024
              },
              "kind": {
                "type": "string",
                "maxLength": 64
              },
              "why": {
                "type": "string",
                "maxLength": 1024
              }
            },
            "additionalProperties": false
          }
        },
        "leftBehind": {
          "type": "array",
          "maxItems": 20,
          "x-kubernetes-list-type": "atomic",
          "items": {
            "type": "string",
            "maxLength": 1024
          }
        },
        "retryAfter": {
          "type": "string",
          "format": "date-time"
        },
        "warnings": {
          "type": "array",
          "maxItems": 20,
          "x-kubernetes-list-type": "atomic",
          "items": {
            "type": "string",
            "maxLength": 1024
          }
        }
      },
      "additionalProperties": false
    }
  },
  "additionalProperties": false
},
  Repository: {
  "type": "object",
  "required": [
    "spec"
  ],
  "x-kubernetes-validations": [
    {
      "rule": "self.metadata.name.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$')",
      "message": "metadata.name must be at most 63 of a-z, 0-9 and -, and begin and end with a letter or digit: write a shorter name without dots; names of Services and Jobs are made from it"
    },
    {
      "rule": "has(self.spec.repositoryName) || self.metadata.name.matches('^[a-z]')",
      "message": "metadata.name begins with a digit, which the name of a StarRocks repository must not: set spec.repositoryName, or choose a name that begins with a letter"
    }
  ],
  "properties": {
    "apiVersion": {
      "type": "string"
    },
    "kind": {
      "type": "string"
    },
    "metadata": {
      "type": "object"
    },
    "spec": {
      "type": "object",
      "required": [
        "location",
        "cluster"
      ],
      "x-kubernetes-validations": [
        {
          "rule": "!self.location.matches('^s3a?://') || has(self.s3) && (has(self.s3.region) || has(self.s3.endpoint))",
          "message": "an S3 location needs s3.region (for AWS, such as eu-central-1) or s3.endpoint (for another store, such as https://minio.storage.svc:9000), or both"
        },
        {
          "rule": "!has(self.s3) || !self.location.matches('^(gs|hdfs|s?webhdfs)://')",
          "message": "s3 is for locations that begin with s3://: take s3 out here, or write the location as s3://<bucket>/<folder>",
          "fieldPath": ".s3"
        },
        {
          "rule": "!has(self.gcs) || !self.location.matches('^(s3a?|hdfs|s?webhdfs)://')",
          "message": "gcs is for locations that begin with gs://: take gcs out here, or write the location as gs://<bucket>/<folder>",
          "fieldPath": ".gcs"
        },
        {
          "rule": "!has(self.hdfs) || !self.location.matches('^(s3a?|gs)://')",
          "message": "hdfs is for locations that begin with hdfs://, webhdfs:// or swebhdfs://: take hdfs out here, or write the location as hdfs://<name service>/<folder>",
          "fieldPath": ".hdfs"
        },
        {
          "rule": "!self.location.startsWith('hdfs://') || has(self.hdfs) && has(self.hdfs.nameNodes)",
          "message": "an hdfs:// location needs hdfs.nameNodes, the WebHDFS addresses of its NameNodes: write for example nameNodes: [https://nn1.example.com:9871, https://nn2.example.com:9871]"
        },
        {
          "rule": "!has(self.agent.serviceAccountToken) || !self.location.matches('^s3a?://') || has(self.s3) && has(self.s3.roleArn) && !has(self.s3.externalId) && !has(self.credentialsSecret)",
          "message": "for S3, agent.serviceAccountToken is what a role is taken with: it needs s3.roleArn, and neither credentialsSecret nor s3.externalId, which web identity does not know: take those or the token out",
          "fieldPath": ".agent.serviceAccountToken"
        },
        {
          "rule": "!has(self.agent.serviceAccountToken) || !self.location.startsWith('gs://') || has(self.credentialsSecret)",
          "message": "for Google Cloud Storage, agent.serviceAccountToken needs credentialsSecret with the credentials.json of a workload identity federation, which names the token's file: add it, or take the token out",
          "fieldPath": ".agent.serviceAccountToken"
        },
        {
          "rule": "!has(self.agent.serviceAccountToken) || !self.location.matches('^(hdfs|s?webhdfs)://')",
          "message": "HDFS takes no agent.serviceAccountToken: take it out, and name a Secret with user and password or a delegationToken in credentialsSecret",
          "fieldPath": ".agent.serviceAccountToken"
        },
        {
          "rule": "has(self.repositoryName) == has(oldSelf.repositoryName)",
          "message": "repositoryName can be neither added nor taken away later, because the folder in the storage has its name: make another Repository",
          "fieldPath": ".repositoryName"
        }
      ],
      "properties": {
        "location": {
          "type": "string",
          "minLength": 1,
          "maxLength": 1024,
          "x-kubernetes-validations": [
            {
              "rule": "self == oldSelf",
              "message": "location cannot be changed, because the snapshots stay where they are: make another Repository for the new place"
            },
            {
              "rule": "self.matches('^(s3a?|gs|hdfs|s?webhdfs)://')",
              "message": "location must begin with s3://, gs://, hdfs://, webhdfs:// or swebhdfs://: write for example s3://<bucket>/<folder>"
            },
            {
              "rule": "!self.matches('^s3a?://') || self.matches('^[^:]+://[A-Za-z0-9][A-Za-z0-9._-]{1,254}(/[^/?#\\\\\\\\\\\\x00-\\\\x1f\\\\x7f\\u0080-\\u009f\\u2028-\\u202e]+)*$')",
              "message": "location must be s3://<bucket> or s3://<bucket>/<folder>/<folder>: without a slash at the end, a query, credentials, backslashes or control characters"
            },
            {
              "rule": "!self.startsWith('gs://') || self.matches('^gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9](/[^/?#\\\\\\\\\\\\x00-\\\\x1f\\\\x7f\\u0080-\\u009f\\u2028-\\u202e]+)*$')",
              "message": "location must be gs://<bucket> or gs://<bucket>/<folder>/<folder>: the bucket in lower-case letters, without a slash at the end, a query, credentials, backslashes or control characters"
            },
            {
              "rule": "!self.matches('^(hdfs|s?webhdfs)://') || self.matches('^[^:]+://([A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9])?|\\\\[[0-9A-Fa-f:.]+\\\\])(:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}))?(/[^/?#\\\\\\\\\\\\x00-\\\\x1f\\\\x7f\\u0080-\\u009f\\u2028-\\u202e]+)*$')",
              "message": "location must be hdfs://<name service>/<folder> or webhdfs://<host>:<port>/<folder>: without a slash at the end, a query, credentials, backslashes or control characters"
            },
            {
              "rule": "!self.matches('^s?webhdfs://') || self.matches('^[^:]+://[^/]*:[0-9]+(/|$)')",
              "message": "location needs the NameNode's port: write for example webhdfs://nn1.example.com:9870/backups, or swebhdfs://nn1.example.com:9871/backups for https"
            },
            {
              "rule": "!self.matches('/[.][.]?(/|$)')",
              "message": "location must not have . or .. as a folder"
            }
          ]
        },
        "s3": {
          "type": "object",
          "x-kubernetes-validations": [
            {
              "rule": "has(self.roleArn) || !has(self.externalId) && !has(self.sessionDuration) && !has(self.stsEndpoint)",
              "message": "externalId, sessionDuration and stsEndpoint say how a role is taken: write the role in s3.roleArn, or take them out"
            }
          ],
          "properties": {
            "region": {
              "type": "string",
              "maxLength": 64,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^[A-Za-z0-9-]+$')",
                  "message": "s3.region must be a region's name, which has only letters, digits and dashes: write for example eu-central-1"
                }
              ]
            },
            "endpoint": {
              "type": "string",
              "minLength": 1,
              "maxLength": 512,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^https?://([A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9])?|\\\\[[0-9A-Fa-f:.]+\\\\])(:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}))?/?$')",
                  "message": "endpoint must be http:// or https:// with host and port alone, such as https://minio.storage.svc:9000: bucket and folder belong into location"
                }
              ]
            },
            "forcePathStyle": {
              "type": "boolean"
            },
            "checksumMode": {
              "type": "string",
              "enum": [
                "Auto",
                "WhenRequired"
              ],
              "default": "Auto"
            },
            "roleArn": {
              "type": "string",
              "maxLength": 2048,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^arn:[A-Za-z0-9-]+:[a-z0-9-]+:[A-Za-z0-9-]*:[A-Za-z0-9]*:[A-Za-z0-9+=,.@_/-]*[A-Za-z0-9+=,.@_-]$')",
                  "message": "s3.roleArn must be the ARN of a role: write for example arn:aws:iam::123456789012:role/starrocks-backup"
                }
              ]
            },
            "externalId": {
              "type": "string",
              "maxLength": 1224,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^[A-Za-z0-9+=,.@:/_-]{2,}$')",
                  "message": "s3.externalId must be as in the role's trust policy, of at least two letters, digits and + = , . @ : / _ -: write for example starrocks-backup"
                }
              ]
            },
            "sessionDuration": {
              "type": "string",
              "maxLength": 32,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('15m') && duration(self) <= duration('12h')",
                  "message": "s3.sessionDuration must be a number with h, m or s, from 15m to 12h, write for example 1h"
                }
              ]
            },
            "stsEndpoint": {
              "type": "string",
              "minLength": 1,
              "maxLength": 512,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^https?://([A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9])?|\\\\[[0-9A-Fa-f:.]+\\\\])(:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}))?/?$')",
                  "message": "s3.stsEndpoint must be http:// or https:// with host and port alone, such as https://sts.eu-central-1.amazonaws.com"
                }
              ]
            },
            "storageClass": {
              "type": "string",
              "maxLength": 64,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^[A-Za-z0-9_.-]+$')",
                  "message": "s3.storageClass must be a storage class as the store names it, of letters, digits and _ . -: write for example STANDARD_IA"
                },
                {
                  "rule": "!(self in ['GLACIER', 'DEEP_ARCHIVE'])",
                  "message": "s3.storageClass must be one that is read at once, which GLACIER and DEEP_ARCHIVE are not, so nothing could be renamed or restored: write for example GLACIER_IR or STANDARD_IA"
                }
              ]
            },
            "encryption": {
              "type": "object",
              "required": [
                "algorithm"
              ],
              "x-kubernetes-validations": [
                {
                  "rule": "!has(self.kmsKeyId) || self.algorithm.startsWith('aws:kms')",
                  "message": "kmsKeyId goes with the algorithms aws:kms and aws:kms:dsse alone: write one of them, or take kmsKeyId out"
                },
                {
                  "rule": "!has(self.bucketKey) || self.algorithm == 'aws:kms'",
                  "message": "bucketKey goes with the algorithm aws:kms alone: write that, or take bucketKey out"
                }
              ],
              "properties": {
                "algorithm": {
                  "type": "string",
                  "enum": [
                    "AES256",
                    "aws:kms",
                    "aws:kms:dsse"
                  ]
                },
                "kmsKeyId": {
                  "type": "string",
                  "maxLength": 2048,
                  "x-kubernetes-validations": [
                    {
                      "rule": "self.matches('^[A-Za-z0-9:/_.+=@-]+$')",
                      "message": "kmsKeyId must be a key's id, ARN or alias: write for example arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
                    }
                  ]
                },
                "bucketKey": {
                  "type": "boolean"
                }
              },
              "additionalProperties": false
            },
            "tags": {
              "type": "object",
              "maxProperties": 10,
              "additionalProperties": {
                "type": "string",
                "maxLength": 256
              },
              "x-kubernetes-validations": [
                {
                  "rule": "self.all(key, key.matches('^[A-Za-z0-9 +=._:/@-]{1,128}$') && !key.startsWith('aws:') && self[key].matches('^[A-Za-z0-9 +=._:/@-]*$'))",
                  "message": "s3.tags must have only letters, digits, blanks and + - = . _ : / @, at most 128 of them in a key and 256 in a value, and no key may begin with aws: (write for example {team: data})"
                }
              ]
            }
          },
          "additionalProperties": false
        },
        "gcs": {
          "type": "object",
          "properties": {
            "endpoint": {
              "type": "string",
              "minLength": 1,
              "maxLength": 512,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^https?://([A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9])?|\\\\[[0-9A-Fa-f:.]+\\\\])(:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}))?/?$')",
                  "message": "gcs.endpoint must be http:// or https:// with host and port alone, such as https://storage-backups.p.googleapis.com: bucket and folder belong into location"
                }
              ]
            },
            "storageClass": {
              "type": "string",
              "enum": [
                "STANDARD",
                "NEARLINE",
                "COLDLINE",
                "ARCHIVE"
              ]
            },
            "kmsKeyName": {
              "type": "string",
              "maxLength": 1024,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^projects/[A-Za-z0-9.:_-]+/locations/[A-Za-z0-9-]+/keyRings/[A-Za-z0-9_-]+/cryptoKeys/[A-Za-z0-9_-]+$')",
                  "message": "gcs.kmsKeyName must be the full name of a key without its version: write for example projects/acme/locations/europe-west3/keyRings/backups/cryptoKeys/starrocks"
                }
              ]
            }
          },
          "additionalProperties": false
        },
        "hdfs": {
          "type": "object",
          "properties": {
            "nameNodes": {
              "type": "array",
              "minItems": 1,
              "maxItems": 8,
              "x-kubernetes-list-type": "set",
              "items": {
                "type": "string",
                "minLength": 1,
                "maxLength": 512,
                "x-kubernetes-validations": [
                  {
                    "rule": "self.matches('^https?://([A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9])?|\\\\[[0-9A-Fa-f:.]+\\\\])(:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}))?(/[A-Za-z0-9._~-]+)*/?$')",
                    "message": "a NameNode's address must be http:// or https:// with host and port (a gateway's with a path), such as https://nn1.example.com:9871: without credentials, a query and /webhdfs/v1"
                  },
                  {
                    "rule": "!self.matches('/webhdfs(/v1)?/?$')",
                    "message": "a NameNode's address is written without /webhdfs/v1, which is added to it: write for example https://nn1.example.com:9871"
                  }
                ]
              }
            },
            "user": {
              "type": "string",
              "maxLength": 255,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^[A-Za-z0-9_][A-Za-z0-9._@-]*[$]?$')",
                  "message": "hdfs.user must be a user's name, of letters, digits and . _ - @: write for example starrocks"
                }
              ]
            }
          },
          "additionalProperties": false
        },
        "connection": {
          "type": "object",
          "properties": {
            "caBundle": {
              "type": "object",
              "x-kubernetes-validations": [
                {
                  "rule": "has(self.configMap) != has(self.secret)",
                  "message": "caBundle needs one of configMap and secret, and not both: write for example configMap: {name: company-ca}"
                }
              ],
              "properties": {
                "configMap": {
                  "type": "object",
                  "required": [
                    "name"
                  ],
                  "properties": {
                    "name": {
                      "type": "string",
                      "maxLength": 253,
                      "x-kubernetes-validations": [
                        {
                          "rule": "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
                          "message": "connection.caBundle.configMap.name must be the name of a ConfigMap in the same namespace, which has only lower-case letters, digits, dashes and dots: write for example company-ca"
                        }
                      ]
                    },
                    "key": {
                      "type": "string",
                      "maxLength": 253,
                      "default": "ca.crt",
                      "x-kubernetes-validations": [
                        {
                          "rule": "self.matches('^[A-Za-z0-9_-][A-Za-z0-9._-]*$')",
                          "message": "connection.caBundle.configMap.key must be a key of the ConfigMap, of letters, digits and _ . -: write for example ca.crt"
                        }
                      ]
                    }
                  },
                  "additionalProperties": false
                },
                "secret": {
                  "type": "object",
                  "required": [
                    "name"
                  ],
                  "properties": {
                    "name": {
                      "type": "string",
                      "maxLength": 253,
                      "x-kubernetes-validations": [
                        {
                          "rule": "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
                          "message": "connection.caBundle.secret.name must be the name of a Secret in the same namespace, which has only lower-case letters, digits, dashes and dots: write for example minio-tls"
                        }
                      ]
                    },
                    "key": {
                      "type": "string",
                      "maxLength": 253,
                      "default": "ca.crt",
                      "x-kubernetes-validations": [
                        {
                          "rule": "self.matches('^[A-Za-z0-9_-][A-Za-z0-9._-]*$')",
                          "message": "connection.caBundle.secret.key must be a key of the Secret, of letters, digits and _ . -: write for example ca.crt"
                        }
                      ]
                    }
                  },
                  "additionalProperties": false
                }
              },
              "additionalProperties": false
            },
            "proxy": {
              "type": "object",
              "required": [
                "url"
              ],
              "properties": {
                "url": {
                  "type": "string",
                  "minLength": 1,
                  "maxLength": 512,
                  "x-kubernetes-validations": [
                    {
                      "rule": "self.matches('^http://([A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9])?|\\\\[[0-9A-Fa-f:.]+\\\\])(:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}))?/?$')",
                      "message": "connection.proxy.url must be http:// with host and port alone, such as http://proxy.example.com:3128: user and password belong into connection.proxy.credentialsSecret"
                    }
                  ]
                },
                "noProxy": {
                  "type": "array",
                  "maxItems": 64,
                  "x-kubernetes-list-type": "set",
                  "items": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 300,
                    "x-kubernetes-validations": [
                      {
                        "rule": "self.matches('^([*]?[.]?[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9])?|\\\\[[0-9A-Fa-f:.]+\\\\])(:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}))?$')",
                        "message": "an entry of noProxy must be a host, a suffix or an IP address, each with a port or without, such as minio.storage.svc or .example.com: without a scheme, a path or a range of addresses"
                      }
                    ]
                  }
                },
                "credentialsSecret": {
                  "type": "object",
                  "required": [
                    "name"
                  ],
                  "properties": {
                    "name": {
                      "type": "string",
                      "maxLength": 253,
                      "x-kubernetes-validations": [
                        {
                          "rule": "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
                          "message": "connection.proxy.credentialsSecret.name must be the name of a Secret in the same namespace, which has only lower-case letters, digits, dashes and dots: write for example proxy-user"
                        }
                      ]
                    }
                  },
                  "additionalProperties": false
                }
              },
              "additionalProperties": false
            }
          },
          "additionalProperties": false
        },
        "credentialsSecret": {
          "type": "object",
          "required": [
            "name"
          ],
          "properties": {
            "name": {
              "type": "string",
              "maxLength": 253,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
                  "message": "credentialsSecret.name must be the name of a Secret in the same namespace, which has only lower-case letters, digits, dashes and dots: write for example s3-credentials"
                }
              ]
            }
          },
          "additionalProperties": false
        },
        "repositoryName": {
          "type": "string",
          "minLength": 1,
          "maxLength": 63,
          "x-kubernetes-validations": [
            {
              "rule": "self == oldSelf",
              "message": "repositoryName cannot be changed, because the folder in the storage has its name: make another Repository"
            },
            {
              "rule": "self.matches('^[a-zA-Z][a-zA-Z0-9_]{0,62}$')",
              "message": "repositoryName must begin with a letter and have only letters, digits and _, as StarRocks demands: write for example my_repo for my-repo"
            }
          ]
        },
        "readOnly": {
          "type": "boolean",
          "default": false
        },
        "cluster": {
          "type": "object",
          "required": [
            "credentialsSecret"
          ],
          "x-kubernetes-validations": [
            {
              "rule": "has(self.frontends) != has(self.starRocksCluster)",
              "message": "cluster needs either frontends or starRocksCluster: write frontends: [<host>:9030] with an FE's address, or starRocksCluster: {name: <name>} for a cluster of the StarRocks operator, and not both"
            }
          ],
          "properties": {
            "starRocksCluster": {
              "type": "object",
              "required": [
                "name"
              ],
              "properties": {
                "name": {
                  "type": "string",
                  "maxLength": 253,
                  "x-kubernetes-validations": [
                    {
                      "rule": "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
                      "message": "cluster.starRocksCluster.name must be the name of a StarRocksCluster, which has only lower-case letters, digits, dashes and dots: write for example prod"
                    }
                  ]
                },
                "namespace": {
                  "type": "string",
                  "maxLength": 63,
                  "x-kubernetes-validations": [
                    {
                      "rule": "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
                      "message": "cluster.starRocksCluster.namespace must be the name of a namespace, which has only lower-case letters, digits and dashes: write for example starrocks"
                    }
                  ]
                }
              },
              "additionalProperties": false
            },
            "frontends": {
              "type": "array",
              "minItems": 1,
              "maxItems": 9,
              "x-kubernetes-list-type": "set",
              "items": {
                "type": "string",
                "minLength": 1,
                "maxLength": 300,
                "x-kubernetes-validations": [
                  {
                    "rule": "self.matches('^([A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9])?|\\\\[[0-9A-Fa-f:.]+\\\\])(:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}))?$')",
                    "message": "an address must be host, host:port or [IPv6]:port with a port up to 65535, such as fe.starrocks.svc:9030: without a scheme, a path or a user"
                  }
                ]
              }
            },
            "credentialsSecret": {
              "type": "object",
              "required": [
                "name"
              ],
              "properties": {
                "name": {
                  "type": "string",
                  "maxLength": 253,
                  "x-kubernetes-validations": [
                    {
                      "rule": "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
                      "message": "cluster.credentialsSecret.name must be the name of a Secret in the same namespace, which has only lower-case letters, digits, dashes and dots: write for example starrocks-backup-user"
                    }
                  ]
                }
              },
              "additionalProperties": false
            },
            "mountCredentialsSecret": {
              "type": "object",
              "required": [
                "name"
              ],
              "properties": {
                "name": {
                  "type": "string",
                  "maxLength": 253,
                  "x-kubernetes-validations": [
                    {
                      "rule": "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
                      "message": "cluster.mountCredentialsSecret.name must be the name of a Secret in the same namespace, which has only lower-case letters, digits, dashes and dots: write for example starrocks-mount-user"
                    }
                  ]
                }
              },
              "additionalProperties": false
            }
          },
          "additionalProperties": false
        },
        "allowedDatabases": {
          "type": "array",
          "minItems": 1,
          "maxItems": 1000,
          "x-kubernetes-list-type": "set",
          "items": {
            "type": "string",
            "maxLength": 256,
            "x-kubernetes-validations": [
              {
                "rule": "self.matches('^[^\\\\x00-\\\\x1f\\\\x7f-\\\\x9f\\u2028\\u2029]+$')",
                "message": "a database's name must be as StarRocks shows it, without line breaks and other control characters: write for example shop"
              }
            ]
          }
        },
        "concurrency": {
          "type": "integer",
          "format": "int32",
          "minimum": 1,
          "maximum": 16,
          "default": 2
        },
        "bandwidth": {
          "maxLength": 24,
          "x-kubernetes-validations": [
            {
              "rule": "type(self) == int ? self >= 1048576 : self.matches('^[0-9]+([.][0-9]+)?([kMGTP]|[KMGTP]i)?$') && quantity(self).compareTo(quantity('1Mi')) >= 0",
              "message": "bandwidth must be bytes per second, at least 1Mi, as a whole number or with k, M, G, Ki, Mi or Gi: write for example 50Mi, or leave it out for no limit"
            }
          ],
          "type": [
            "integer",
            "string"
          ]
        },
        "checkInterval": {
          "type": "string",
          "maxLength": 32,
          "default": "1h",
          "x-kubernetes-validations": [
            {
              "rule": "self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1m') && duration(self) <= duration('8760h')",
              "message": "checkInterval must be a number with h, m or s, from 1m to 8760h: write for example 30m or 1h30m, and 24h for a day"
            }
          ]
        },
        "agent": {
          "type": "object",
          "default": {},
          "properties": {
            "image": {
              "type": "string",
              "maxLength": 512,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^[A-Za-z0-9]([-A-Za-z0-9._:@]|/[A-Za-z0-9])*$')",
                  "message": "agent.image must be the name of an image, without a scheme and blanks: write for example registry.example.com/starrocks-backup:0.1.0"
                }
              ]
            },
            "serviceAccountName": {
              "type": "string",
              "maxLength": 253,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
                  "message": "agent.serviceAccountName must be the name of a service account in the same namespace, which has only lower-case letters, digits, dashes and dots: write for example starrocks-backup-agent"
                }
              ]
            },
            "serviceAccountToken": {
              "type": "object",
              "required": [
                "audience"
              ],
              "properties": {
                "audience": {
                  "type": "string",
                  "maxLength": 512,
                  "x-kubernetes-validations": [
                    {
                      "rule": "self.matches('^[!-~]+$')",
                      "message": "audience must be what the cloud's side was told to accept, without blanks: write for example sts.amazonaws.com"
                    },
                    {
                      "rule": "!self.matches('^((https?://)?kubernetes([.]default([.]svc([.].*)?)?)?(:[0-9]+)?/?|api|k3s)$')",
                      "message": "audience must not be the API server's own, because agents have no rights in the cluster: write what the storage's cloud accepts, for example sts.amazonaws.com"
                    }
                  ]
                },
                "expirationSeconds": {
                  "type": "integer",
                  "format": "int32",
                  "minimum": 600,
                  "maximum": 86400,
                  "default": 3600
                }
              },
              "additionalProperties": false
            },
            "memory": {
              "maxLength": 24,
              "default": "256Mi",
              "x-kubernetes-validations": [
                {
                  "rule": "type(self) == int ? self >= 16777216 && self <= 68719476736 : self.matches('^[0-9]+([.][0-9]+)?([kMGTP]|[KMGTP]i)?$') && quantity(self).compareTo(quantity('16Mi')) >= 0 && quantity(self).compareTo(quantity('64Gi')) <= 0",
                  "message": "agent.memory must be bytes, from 16Mi to 64Gi, as a whole number or with k, M, G, Ki, Mi or Gi: write for example 256Mi"
                }
              ],
              "type": [
                "integer",
                "string"
              ]
            },
            "resources": {
              "type": "object",
              "properties": {
                "requests": {
                  "type": "object",
                  "maxProperties": 16,
                  "additionalProperties": {
                    "maxLength": 64,
                    "type": [
                      "integer",
                      "string"
                    ]
                  },
                  "x-kubernetes-validations": [
                    {
                      "rule": "self.all(key, type(self[key]) == int ? self[key] >= 0 : isQuantity(self[key]) && !self[key].startsWith('-'))",
                      "message": "agent.resources.requests must be quantities that are not negative: write for example 500m for half a CPU and 400Mi for memory"
                    }
                  ]
                },
                "limits": {
                  "type": "object",
                  "maxProperties": 16,
                  "additionalProperties": {
                    "maxLength": 64,
                    "type": [
                      "integer",
                      "string"
                    ]
                  },
                  "x-kubernetes-validations": [
                    {
                      "rule": "self.all(key, type(self[key]) == int ? self[key] >= 0 : isQuantity(self[key]) && !self[key].startsWith('-'))",
                      "message": "agent.resources.limits must be quantities that are not negative: write for example 500m for half a CPU and 400Mi for memory"
                    }
                  ]
                }
              },
              "additionalProperties": false
            },
            "nodeSelector": {
              "type": "object",
              "maxProperties": 32,
              "additionalProperties": {
                "type": "string",
                "maxLength": 63
              },
              "x-kubernetes-validations": [
                {
                  "rule": "self.all(key, key.matches('^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$') && self[key].matches('^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$'))",
                  "message": "agent.nodeSelector must be labels, whose keys and values have only letters, digits, dashes, underscores and dots, begin and end with a letter or digit, and have 63 of them at most; a key may have a prefix with a slash: write for example {disktype: ssd}"
                }
              ]
            },
            "tolerations": {
              "type": "array",
              "maxItems": 32,
              "x-kubernetes-list-type": "atomic",
              "items": {
                "type": "object",
                "x-kubernetes-validations": [
                  {
                    "rule": "has(self.key) && self.key != '' || has(self.operator) && self.operator == 'Exists'",
                    "message": "a toleration without key needs operator: Exists: write that, or name the taint's key, for example dedicated"
                  },
                  {
                    "rule": "!has(self.operator) || self.operator != 'Exists' || !has(self.value) || self.value == ''",
                    "message": "a toleration with operator: Exists has no value: leave value out, or write operator: Equal"
                  },
                  {
                    "rule": "!has(self.tolerationSeconds) || has(self.effect) && self.effect == 'NoExecute'",
                    "message": "tolerationSeconds is only for effect: NoExecute: write that, or leave tolerationSeconds out"
                  }
                ],
                "properties": {
                  "key": {
                    "type": "string",
                    "maxLength": 316,
                    "x-kubernetes-validations": [
                      {
                        "rule": "self.matches('^(([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$')",
                        "message": "key must be a taint's key, of at most 63 letters, digits, dashes, underscores and dots, which may have a prefix with a slash: write for example dedicated or example.com/dedicated"
                      }
                    ]
                  },
                  "operator": {
                    "type": "string",
                    "enum": [
                      "Exists",
                      "Equal"
                    ]
                  },
                  "value": {
                    "type": "string",
                    "maxLength": 63,
                    "x-kubernetes-validations": [
                      {
                        "rule": "self.matches('^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$')",
                        "message": "value must be a taint's value, of letters, digits, dashes, underscores and dots, which begins and ends with a letter or digit: write for example starrocks"
                      }
                    ]
                  },
                  "effect": {
                    "type": "string",
                    "enum": [
                      "NoSchedule",
                      "PreferNoSchedule",
                      "NoExecute"
                    ]
                  },
                  "tolerationSeconds": {
                    "type": "integer",
                    "format": "int64"
                  }
                },
                "additionalProperties": false
              }
            },
            "service": {
              "type": "object",
              "required": [
                "type"
              ],
              "x-kubernetes-validations": [
                {
                  "rule": "!has(self.address) || self.type == 'NodePort'",
                  "message": "address is for type: NodePort: take it out, because a load balancer tells its own and within the cluster a name is used"
                }
              ],
              "properties": {
                "type": {
                  "type": "string",
                  "enum": [
                    "ClusterIP",
                    "NodePort",
                    "LoadBalancer"
                  ]
                },
                "address": {
                  "type": "string",
                  "maxLength": 253,
                  "x-kubernetes-validations": [
                    {
                      "rule": "self.matches('^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$')",
                      "message": "agent.service.address must be a name or an IPv4 address, without scheme and port: write for example nodes.example.com"
                    }
                  ]
                },
                "annotations": {
                  "type": "object",
                  "maxProperties": 32,
                  "additionalProperties": {
                    "type": "string",
                    "maxLength": 4096
                  },
                  "x-kubernetes-validations": [
                    {
                      "rule": "self.all(key, key.matches('^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))",
                      "message": "agent.service.annotations must have keys of at most 63 letters, digits, dashes, underscores and dots, which begin and end with a letter or digit and may have a prefix with a slash: write for example {example.com/team: data}"
                    },
                    {
                      "rule": "self.all(key, !key.startsWith('backup.starrocks.io/'))",
                      "message": "agent.service.annotations must not begin with backup.starrocks.io/: those are the operator's own"
                    }
                  ]
                }
              },
              "additionalProperties": false
            },
            "annotations": {
              "type": "object",
              "maxProperties": 32,
              "additionalProperties": {
                "type": "string",
                "maxLength": 4096
              },
              "x-kubernetes-validations": [
                {
                  "rule": "self.all(key, key.matches('^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))",
                  "message": "agent.annotations must have keys of at most 63 letters, digits, dashes, underscores and dots, which begin and end with a letter or digit and may have a prefix with a slash: write for example {example.com/team: data}"
                },
                {
                  "rule": "self.all(key, !key.startsWith('backup.starrocks.io/'))",
                  "message": "agent.annotations must not begin with backup.starrocks.io/: those are the operator's own"
                }
              ]
            },
            "labels": {
              "type": "object",
              "maxProperties": 32,
              "additionalProperties": {
                "type": "string",
                "maxLength": 63
              },
              "x-kubernetes-validations": [
                {
                  "rule": "self.all(key, key.matches('^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$') && self[key].matches('^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$'))",
                  "message": "agent.labels must be labels, whose keys and values have only letters, digits, dashes, underscores and dots, begin and end with a letter or digit, and have 63 of them at most; a key may have a prefix with a slash: write for example {example.com/team: data}"
                },
                {
                  "rule": "self.all(key, !key.startsWith('backup.starrocks.io/') && !key.startsWith('app.kubernetes.io/'))",
                  "message": "agent.labels must begin with neither backup.starrocks.io/ nor app.kubernetes.io/: those are the operator's own"
                }
              ]
            },
            "priorityClassName": {
              "type": "string",
              "maxLength": 253,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
                  "message": "agent.priorityClassName must be the name of a priority class, which has only lower-case letters, digits, dashes and dots: write for example batch"
                }
              ]
            },
            "imagePullSecrets": {
              "type": "array",
              "maxItems": 16,
              "x-kubernetes-list-type": "map",
              "x-kubernetes-list-map-keys": [
                "name"
              ],
              "items": {
                "type": "object",
                "required": [
                  "name"
                ],
                "properties": {
                  "name": {
                    "type": "string",
                    "maxLength": 253,
                    "x-kubernetes-validations": [
                      {
                        "rule": "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
                        "message": "agent.imagePullSecrets must name Secrets in the same namespace, with only lower-case letters, digits, dashes and dots: write for example registry"
                      }
                    ]
                  }
                },
                "additionalProperties": false
              }
            }
          },
          "additionalProperties": false
        }
      },
      "additionalProperties": false
    },
    "status": {
      "type": "object",
      "default": {
        "observedGeneration": -1
      },
      "properties": {
        "observedGeneration": {
          "type": "integer",
          "format": "int64",
          "default": -1
        },
        "phase": {
          "type": "string",
          "enum": [
            "CHECKING",
            "READY",
            "NOT_READY"
          ]
        },
        "conditions": {
          "type": "array",
          "maxItems": 16,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": [
            "type"
          ],
          "items": {
            "type": "object",
            "required": [
              "type",
              "status",
              "lastTransitionTime",
              "reason",
              "message"
            ],
            "properties": {
              "type": {
                "type": "string",
                "maxLength": 316,
                "pattern": "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
              },
              "status": {
                "type": "string",
                "enum": [
                  "True",
                  "False",
                  "Unknown"
                ]
              },
              "reason": {
                "type": "string",
                "minLength": 1,
                "maxLength": 1024,
                "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"
              },
              "message": {
                "type": "string",
                "maxLength": 32768
              },
              "observedGeneration": {
                "type": "integer",
                "format": "int64",
                "minimum": 0
              },
              "lastTransitionTime": {
                "type": "string",
                "format": "date-time"
              }
            },
            "additionalProperties": false
          }
        },
        "repositoryName": {
          "type": "string",
          "maxLength": 63
        },
        "folder": {
          "type": "string",
          "maxLength": 128
        },
        "brokerPrefix": {
          "type": "string",
          "maxLength": 32
        },
        "catalogTime": {
          "type": "string",
          "format": "date-time"
        },
        "checkedWith": {
          "type": "string",
          "maxLength": 256
        },
        "lastCheckTime": {
          "type": "string",
          "format": "date-time"
        },
        "nextCheckTime": {
          "type": "string",
          "format": "date-time"
        },
        "starrocks": {
          "type": "object",
          "properties": {
            "version": {
              "type": "string",
              "maxLength": 256
            },
            "runMode": {
              "type": "string",
              "enum": [
                "shared_nothing",
                "shared_data",
                "unknown"
              ]
            },
            "leader": {
              "type": "string",
              "maxLength": 256
            },
            "frontends": {
              "type": "integer",
              "format": "int32",
              "minimum": 0
            },
            "backends": {
              "type": "integer",
              "format": "int32",
              "minimum": 0
            }
          },
          "additionalProperties": false
        },
        "slots": {
          "type": "array",
          "maxItems": 16,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": [
            "name"
          ],
          "items": {
            "type": "object",
            "required": [
              "name"
            ],
            "properties": {
              "name": {
                "type": "string",
                "maxLength": 253
              },
              "address": {
                "type": "string",
                "maxLength": 512
              },
              "lentTo": {
                "type": "string",
                "maxLength": 256
              }
            },
            "additionalProperties": false
          }
        },
        "snapshots": {
          "type": "object",
          "properties": {
            "total": {
              "type": "integer",
              "format": "int32",
              "minimum": 0
            },
            "complete": {
              "type": "integer",
              "format": "int32",
              "minimum": 0
            },
            "sealed": {
              "type": "integer",
              "format": "int32",
              "minimum": 0
            },
            "bytes": {
              "type": "integer",
              "format": "int64",
              "minimum": 0
            },
            "catalog": {
              "type": "array",
              "maxItems": 100,
              "x-kubernetes-list-type": "atomic",
              "items": {
                "type": "object",
                "required": [
                  "name"
                ],
                "properties": {
                  "name": {
                    "type": "string",
                    "maxLength": 256
                  },
                  "timestamps": {
                    "type": "array",
                    "maxItems": 20,
                    "x-kubernetes-list-type": "atomic",
                    "items": {
                      "type": "string",
                      "maxLength": 64
                    }
                  },
                  "complete": {
                    "type": "boolean"
                  },
                  "sealed": {
                    "type": "boolean"
                  },
                  "database": {
                    "type": "string",
                    "maxLength": 256
                  },
                  "backupUid": {
                    "type": "string",
                    "maxLength": 64
                  },
                  "bytes": {
                    "type": "integer",
                    "format": "int64",
                    "minimum": 0
                  },
                  "sealedAt": {
                    "type": "string",
                    "format": "date-time"
                  }
                },
                "additionalProperties": false
              }
            }
          },
          "additionalProperties": false
        },
        "foreign": {
          "type": "array",
          "maxItems": 20,
          "x-kubernetes-list-type": "atomic",
          "items": {
            "type": "string",
            "maxLength": 512
          }
        },
        "probeFailures": {
          "type": "integer",
          "format": "int32",
          "minimum": 0
        }
      },
      "additionalProperties": false
    }
  },
  "additionalProperties": false
},
  Restore: {
  "type": "object",
  "required": [
    "spec"
  ],
  "x-kubernetes-validations": [
    {
      "rule": "self.metadata.name.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$')",
      "message": "metadata.name must be at most 63 of a-z, 0-9 and -, and begin and end with a letter or digit: write a shorter name without dots; names of Services and Jobs are made from it"
    }
  ],
  "properties": {
    "apiVersion": {
      "type": "string"
    },
    "kind": {
      "type": "string"
    },
    "metadata": {
      "type": "object"
    },
    "spec": {
      "type": "object",
      "required": [
        "repository",
        "source"
      ],
      "x-kubernetes-validations": [
        {
          "rule": "has(self.database) == has(oldSelf.database) && (!has(self.database) || self.database == oldSelf.database)",
          "message": "database cannot be changed, because a Restore is carried out once: make another Restore (only cancel and bandwidth may change)",
          "fieldPath": ".database"
        },
        {
          "rule": "has(self.tables) == has(oldSelf.tables) && (!has(self.tables) || self.tables == oldSelf.tables)",
          "message": "tables cannot be changed, because a Restore is carried out once: make another Restore (only cancel and bandwidth may change)",
          "fieldPath": ".tables"
        },
        {
          "rule": "has(self.replicationNum) == has(oldSelf.replicationNum) && (!has(self.replicationNum) || self.replicationNum == oldSelf.replicationNum)",
          "message": "replicationNum cannot be changed, because a Restore is carried out once: make another Restore (only cancel and bandwidth may change)",
          "fieldPath": ".replicationNum"
        },
        {
          "rule": "has(self.overwriteTables) == has(oldSelf.overwriteTables) && (!has(self.overwriteTables) || self.overwriteTables == oldSelf.overwriteTables)",
          "message": "overwriteTables cannot be changed, because a Restore is carried out once: make another Restore (only cancel and bandwidth may change)",
          "fieldPath": ".overwriteTables"
        },
        {
          "rule": "has(self.startBefore) == has(oldSelf.startBefore) && (!has(self.startBefore) || timestamp(self.startBefore) == timestamp(oldSelf.startBefore))",
          "message": "startBefore cannot be changed, because a Restore is carried out once: make another Restore (only cancel and bandwidth may change)",
          "fieldPath": ".startBefore"
        },
        {
          "rule": "self.existing != 'Overwrite' || has(self.overwriteTables)",
          "message": "existing: Overwrite needs overwriteTables: name there, as they are called in the target, the tables whose content may be lost",
          "fieldPath": ".existing"
        },
        {
          "rule": "self.existing == 'Overwrite' || !has(self.overwriteTables)",
          "message": "overwriteTables is only for existing: Overwrite: set that, or leave overwriteTables out",
          "fieldPath": ".overwriteTables"
        }
      ],
      "properties": {
        "repository": {
          "type": "string",
          "maxLength": 63,
          "x-kubernetes-validations": [
            {
              "rule": "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
              "message": "repository must be the name of a Repository in the same namespace, which has only lower-case letters, digits and dashes: write for example prod"
            },
            {
              "rule": "self == oldSelf",
              "message": "repository cannot be changed, because a Restore is carried out once: make another Restore (only cancel and bandwidth may change)"
            }
          ]
        },
        "source": {
          "type": "object",
          "x-kubernetes-validations": [
            {
              "rule": "has(self.backup) != has(self.snapshot)",
              "message": "source needs exactly one of backup and snapshot: name a Backup of this namespace, or write name and timestamp of a snapshot in the repository"
            },
            {
              "rule": "self == oldSelf",
              "message": "source cannot be changed, because a Restore is carried out once: make another Restore (only cancel and bandwidth may change)"
            }
          ],
          "properties": {
            "backup": {
              "type": "string",
              "maxLength": 63,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
                  "message": "source.backup must be the name of a Backup in the same namespace, which has only lower-case letters, digits and dashes: write for example nightly"
                }
              ]
            },
            "snapshot": {
              "type": "object",
              "required": [
                "name",
                "timestamp"
              ],
              "properties": {
                "name": {
                  "type": "string",
                  "maxLength": 128,
                  "x-kubernetes-validations": [
                    {
                      "rule": "self.matches('^[-A-Za-z0-9_]+$')",
                      "message": "source.snapshot.name must be a snapshot's name, which has only letters, digits, underscores and dashes: take it from the Repository's status.snapshots.catalog, for example nightly_1a2b3c4d"
                    }
                  ]
                },
                "timestamp": {
                  "type": "string",
                  "maxLength": 32,
                  "x-kubernetes-validations": [
                    {
                      "rule": "self.matches('^[0-9]{4}(-[0-9]{2}){5}-[0-9]{3}$')",
                      "message": "source.snapshot.timestamp must be exactly as StarRocks writes it, with milliseconds and with dashes alone: take it from the Repository's status.snapshots.catalog, for example 2026-11-21-01-35-06-837"
                    }
                  ]
                }
              },
              "additionalProperties": false
            }
          },
          "additionalProperties": false
        },
        "database": {
          "type": "string",
          "maxLength": 256,
          "x-kubernetes-validations": [
            {
              "rule": "self.matches('^[^\\\\x00-\\\\x1f\\\\x7f-\\\\x9f\\u2028\\u2029]+$')",
              "message": "database must be the name of a database as StarRocks shows it, without line breaks and other control characters: write for example shop"
            },
            {
              "rule": "!self.matches('^(?i:information_schema|_statistics_|sys)$')",
              "message": "information_schema, _statistics_ and sys are StarRocks' own and cannot be restored into: name a database of yours"
            }
          ]
        },
        "tables": {
          "type": "array",
          "minItems": 1,
          "maxItems": 256,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": [
            "name"
          ],
          "x-kubernetes-validations": [
            {
              "rule": "self.all(t, !has(t.__as__) || self.exists_one(u, has(u.__as__) ? u.__as__ == t.__as__ : u.name == t.__as__))",
              "message": "two of the tables would be restored under the same name: give each its own name with as"
            }
          ],
          "items": {
            "type": "object",
            "required": [
              "name"
            ],
            "properties": {
              "name": {
                "type": "string",
                "maxLength": 1024,
                "x-kubernetes-validations": [
                  {
                    "rule": "self.matches('^[^\\\\x00-\\\\x1f\\\\x7f-\\\\x9f\\u2028\\u2029]+$')",
                    "message": "a table's name must be as StarRocks shows it, without line breaks and other control characters: write for example orders"
                  }
                ]
              },
              "partitions": {
                "type": "array",
                "minItems": 1,
                "maxItems": 4096,
                "x-kubernetes-list-type": "set",
                "items": {
                  "type": "string",
                  "minLength": 1,
                  "maxLength": 1024,
                  "pattern": "^[^\\p{Cc}\\p{Zl}\\p{Zp}]*$"
                }
              },
              "as": {
                "type": "string",
                "maxLength": 256,
                "x-kubernetes-validations": [
                  {
                    "rule": "self.matches('^[^\\\\x00-\\\\x1f\\\\x7f-\\\\x9f\\u2028\\u2029]+$')",
                    "message": "as must be a table's name that StarRocks takes, without line breaks and other control characters: write for example orders_restored"
                  }
                ]
              }
            },
            "additionalProperties": false
          }
        },
        "replicationNum": {
          "type": "integer",
          "format": "int32",
          "minimum": 1,
          "maximum": 32
        },
        "existing": {
          "type": "string",
          "enum": [
            "Fail",
            "Overwrite"
          ],
          "default": "Fail",
          "x-kubernetes-validations": [
            {
              "rule": "self == oldSelf",
              "message": "existing cannot be changed, because a Restore is carried out once: make another Restore (only cancel and bandwidth may change)"
            }
          ]
        },
        "overwriteTables": {
          "type": "array",
          "minItems": 1,
          "maxItems": 1000,
          "x-kubernetes-list-type": "set",
          "items": {
            "type": "string",
            "maxLength": 1024,
            "x-kubernetes-validations": [
              {
                "rule": "self.matches('^[^\\\\x00-\\\\x1f\\\\x7f-\\\\x9f\\u2028\\u2029]+$')",
                "message": "a table's name must be as StarRocks shows it in the target, without line breaks and other control characters: write for example orders"
              }
            ]
          }
        },
        "timeout": {
          "type": "string",
          "maxLength": 32,
          "default": "24h",
          "x-kubernetes-validations": [
            {
              "rule": "self == oldSelf",
              "message": "timeout cannot be changed, because StarRocks was told it at the start: make another Restore (only cancel and bandwidth may change)"
            },
            {
              "rule": "self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('10m') && duration(self) <= duration('8760h')",
              "message": "timeout must be a number with h, m or s, from 10m (the least that StarRocks takes) to 8760h: write for example 6h or 1h30m, and 24h for a day"
            }
          ]
        },
        "noProgressTimeout": {
          "type": "string",
          "maxLength": 32,
          "default": "30m",
          "x-kubernetes-validations": [
            {
              "rule": "self == oldSelf",
              "message": "noProgressTimeout cannot be changed, because a Restore is carried out once: make another Restore (only cancel and bandwidth may change)"
            },
            {
              "rule": "self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1m') && duration(self) <= duration('8760h')",
              "message": "noProgressTimeout must be a number with h, m or s, from 1m to 8760h: write for example 30m or 1h30m"
            }
          ]
        },
        "bandwidth": {
          "maxLength": 24,
          "x-kubernetes-validations": [
            {
              "rule": "type(self) == int ? self >= 1048576 : self.matches('^[0-9]+([.][0-9]+)?([kMGTP]|[KMGTP]i)?$') && quantity(self).compareTo(quantity('1Mi')) >= 0",
              "message": "bandwidth must be bytes per second, at least 1Mi, as a whole number or with k, M, G, Ki, Mi or Gi: write for example 50Mi, or leave it out for what the Repository says"
            }
          ],
          "type": [
            "integer",
            "string"
          ]
        },
        "startBefore": {
          "type": "string",
          "maxLength": 40,
          "x-kubernetes-validations": [
            {
              "rule": "self.matches('^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,3})?(Z|[+-][0-9]{2}:[0-9]{2})$') && timestamp(self) > timestamp('1970-01-01T00:00:00Z')",
              "message": "startBefore must be a time with seconds and zone, as RFC 3339 has it: write for example 2026-11-21T12:00:00Z, or 2026-11-21T13:00:00+01:00"
            }
          ]
        },
        "cancel": {
          "type": "boolean",
          "default": false,
          "x-kubernetes-validations": [
            {
              "rule": "self || !oldSelf",
              "message": "cancel cannot be taken back: make another Restore"
            }
          ]
        }
      },
      "additionalProperties": false
    },
    "status": {
      "type": "object",
      "default": {
        "observedGeneration": -1
      },
      "properties": {
        "observedGeneration": {
          "type": "integer",
          "format": "int64",
          "default": -1
        },
        "phase": {
          "type": "string",
          "enum": [
            "PENDING",
            "SNAPSHOTING",
            "DOWNLOADING",
            "COMMIT",
            "FINISHED",
            "FAILED",
            "CANCELLED"
          ]
        },
        "conditions": {
          "type": "array",
          "maxItems": 16,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": [
            "type"
          ],
          "items": {
            "type": "object",
            "required": [
              "type",
              "status",
              "lastTransitionTime",
              "reason",
              "message"
            ],
            "properties": {
              "type": {
                "type": "string",
                "maxLength": 316,
                "pattern": "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
              },
              "status": {
                "type": "string",
                "enum": [
                  "True",
                  "False",
                  "Unknown"
                ]
              },
              "reason": {
                "type": "string",
                "minLength": 1,
                "maxLength": 1024,
                "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"
              },
              "message": {
                "type": "string",
                "maxLength": 32768
              },
              "observedGeneration": {
                "type": "integer",
                "format": "int64",
                "minimum": 0
              },
              "lastTransitionTime": {
                "type": "string",
                "format": "date-time"
              }
            },
            "additionalProperties": false
          }
        },
        "reason": {
          "type": "string",
          "maxLength": 1024
        },
        "message": {
          "type": "string",
          "maxLength": 32768
        },
        "attempt": {
          "type": "integer",
          "format": "int32",
          "minimum": 1
        },
        "source": {
          "type": "object",
          "properties": {
            "snapshot": {
              "type": "string",
              "maxLength": 256
            },
            "timestamp": {
              "type": "string",
              "maxLength": 64
            },
            "database": {
              "type": "string",
              "maxLength": 256
            },
            "backupUid": {
              "type": "string",
              "maxLength": 64
            }
          },
          "additionalProperties": false
        },
        "repositoryUID": {
          "type": "string",
          "maxLength": 64
        },
        "location": {
          "type": "string",
          "maxLength": 1024
        },
        "database": {
          "type": "string",
          "maxLength": 256
        },
        "targets": {
          "type": "array",
          "maxItems": 1000,
          "x-kubernetes-list-type": "atomic",
          "items": {
            "type": "object",
            "required": [
              "table",
              "as"
            ],
            "properties": {
              "table": {
                "type": "string",
                "maxLength": 1024
              },
              "as": {
                "type": "string",
                "maxLength": 1024
              },
              "existed": {
                "type": "boolean"
              }
            },
            "additionalProperties": false
          }
        },
        "targetState": {
          "type": "string",
          "maxLength": 4096
        },
        "startTime": {
          "type": "string",
          "format": "date-time"
        },
        "phaseStartTime": {
          "type": "string",
          "format": "date-time"
        },
        "completionTime": {
          "type": "string",
          "format": "date-time"
        },
        "queue": {
          "type": "object",
          "properties": {
            "position": {
              "type": "integer",
              "format": "int32",
              "minimum": 1
            },
            "message": {
              "type": "string",
              "maxLength": 4096
            }
          },
          "additionalProperties": false
        },
        "slot": {
          "type": "object",
          "required": [
            "name",
            "index",
            "attempt"
          ],
          "properties": {
            "attempt": {
              "type": "integer",
              "format": "int32",
              "minimum": 1
            },
            "name": {
              "type": "string",
              "maxLength": 253
            },
            "index": {
              "type": "integer",
              "format": "int32",
              "minimum": 0
            }
          },
          "additionalProperties": false
        },
        "submission": {
          "type": "object",
          "required": [
            "label",
            "attempt",
            "time"
          ],
          "properties": {
            "label": {
              "type": "string",
              "maxLength": 256
            },
            "attempt": {
              "type": "integer",
              "format": "int32",
              "minimum": 1
            },
            "time": {
              "type": "string",
              "format": "date-time"
            },
            "before": {
              "type": "string",
              "maxLength": 4096
            },
            "accepted": {
              "type": "boolean"
            }
          },
          "additionalProperties": false
        },
        "attemptStartTime": {
          "type": "string",
          "format": "date-time"
        },
        "doneTime": {
          "type": "string",
          "format": "date-time"
        },
        "verified": {
          "type": "boolean"
        },
        "unlistedTablets": {
          "type": "integer",
          "format": "int64",
          "minimum": 0
        },
        "progress": {
          "type": "object",
          "properties": {
            "state": {
              "type": "string",
              "maxLength": 64
            },
            "time": {
              "type": "string",
              "format": "date-time"
            },
            "calls": {
              "type": "integer",
              "format": "int64",
              "minimum": 0
            },
            "bytes": {
              "type": "integer",
              "format": "int64",
              "minimum": 0
            },
            "bytesPerSecond": {
              "type": "integer",
              "format": "int64",
              "minimum": 0
            },
            "files": {
              "type": "integer",
              "format": "int64",
              "minimum": 0
            },
            "tablets": {
              "type": "object",
              "properties": {
                "done": {
                  "type": "integer",
                  "format": "int32",
                  "minimum": 0
                },
                "total": {
                  "type": "integer",
                  "format": "int32",
                  "minimum": 0
                }
              },
              "additionalProperties": false
            },
            "unfinishedTasks": {
              "type": "integer",
              "format": "int32",
              "minimum": 0
            },
            "percent": {
              "type": "integer",
              "format": "int32",
              "minimum": 0,
              "maximum": 100
            },
            "transferred": {
              "type": "string",
              "maxLength": 32
            },
            "lastChangeTime": {
              "type": "string",
              "format": "date-time"
            },
            "nodes": {
              "type": "array",
              "maxItems": 200,
              "x-kubernetes-list-type": "map",
              "x-kubernetes-list-map-keys": [
                "name"
              ],
              "items": {
                "type": "object",
                "required": [
                  "name"
                ],
                "properties": {
                  "name": {
                    "type": "string",
                    "maxLength": 253
                  },
                  "bytes": {
                    "type": "integer",
                    "format": "int64",
                    "minimum": 0
                  },
                  "bytesPerSecond": {
                    "type": "integer",
                    "format": "int64",
                    "minimum": 0
                  },
                  "files": {
                    "type": "integer",
                    "format": "int64",
                    "minimum": 0
                  },
                  "state": {
                    "type": "string",
                    "maxLength": 64
                  },
                  "message": {
                    "type": "string",
                    "maxLength": 4096
                  }
                },
                "additionalProperties": false
              }
            }
          },
          "additionalProperties": false
        },
        "ending": {
          "type": "object",
          "required": [
            "outcome",
            "reason",
            "message"
          ],
          "properties": {
            "outcome": {
              "type": "string",
              "enum": [
                "RETRY",
                "WAIT",
                "FAILED",
                "CANCELLED"
              ]
            },
            "reason": {
              "type": "string",
              "maxLength": 1024
            },
            "message": {
              "type": "string",
              "maxLength": 32768
            },
            "pruned": {
              "type": "boolean"
            },
            "cancelled": {
              "type": "boolean"
            },
            "shown": {
              "type": "boolean"
            },
            "time": {
              "type": "string",
              "format": "date-time"
            }
          },
          "additionalProperties": false
        },
        "attempts": {
          "type": "array",
          "maxItems": 20,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": [
            "number"
          ],
          "items": {
            "type": "object",
            "required": [
              "number"
            ],
            "properties": {
              "number": {
                "type": "integer",
                "format": "int32",
                "minimum": 1
              },
              "snapshotName": {
                "type": "string",
                "maxLength": 256
              },
              "startTime": {
                "type": "string",
                "format": "date-time"
              },
              "endTime": {
                "type": "string",
                "format": "date-time"
              },
              "reason": {
                "type": "string",
                "maxLength": 1024
              },
              "message": {
                "type": "string",
                "maxLength": 32768
              }
            },
            "additionalProperties": false
          }
        },
        "leftBehind": {
          "type": "array",
          "maxItems": 20,
          "x-kubernetes-list-type": "atomic",
          "items": {
            "type": "string",
            "maxLength": 1024
          }
        },
        "retryAfter": {
          "type": "string",
          "format": "date-time"
        },
        "warnings": {
          "type": "array",
          "maxItems": 20,
          "x-kubernetes-list-type": "atomic",
          "items": {
            "type": "string",
            "maxLength": 1024
          }
        }
      },
      "additionalProperties": false
    }
  },
  "additionalProperties": false
},
};
