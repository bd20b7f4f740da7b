import { expect } from "chai";
import { encodeException, encodeReply } from "../../operator/broker/codec.ts";
import { APPLICATION_ERROR } from "../../operator/broker/codec-wire.ts";
import { BROKER_STATUS, type BrokerStatusCode } from "../../operator/broker/protocol.ts";
import { readPreadAnswer } from "./pread-answer.ts";

function answer(statusCode: BrokerStatusCode, dataBytes: number, message?: string): Buffer {
  const opStatus = { statusCode, message };
  const data = [Buffer.alloc(dataBytes, 7)];
  return Buffer.concat(encodeReply("pread", 42, { opStatus, data }));
}

describe("readPreadAnswer", () => {
  const cases = [
    { name: "data", frame: answer(BROKER_STATUS.OK, 1000), dataBytes: 1000 },
    { name: "an answer with a message", frame: answer(BROKER_STATUS.OK, 9, "so"), dataBytes: 9 },
    {
      name: "the end of the file",
      frame: answer(BROKER_STATUS.END_OF_FILE, 0, "end of file"),
      dataBytes: 0,
    },
  ];
  for (const { name, frame, dataBytes } of cases) {
    it(`finds where ${name} ends, as the codec wrote it`, () => {
      expect(readPreadAnswer(frame)).to.deep.equal({ dataBytes, answerBytes: frame.length });
    });

    it(`asks for more while the head of ${name} is not there, and never finds another end`, () => {
      const found = Array.from({ length: frame.length }, (_, count) =>
        readPreadAnswer(frame.subarray(0, count)),
      );
      expect(found[20]).to.equal(undefined);
      const ends = new Set(found.flatMap((f) => f?.answerBytes ?? []));
      expect([...ends]).to.deep.equal([frame.length]);
    });
  }

  it("throws for a failure and says which", () => {
    const frame = answer(BROKER_STATUS.FILE_NOT_FOUND, 0, "not there");
    expect(() => readPreadAnswer(frame)).to.throw("pread failed with 501: not there");
  });

  it("throws for an exception", () => {
    const code = APPLICATION_ERROR.INTERNAL_ERROR;
    const frame = Buffer.concat(encodeException("pread", 1, code, "broken"));
    expect(() => readPreadAnswer(frame)).to.throw("pread was answered with type 80010003");
  });
});
