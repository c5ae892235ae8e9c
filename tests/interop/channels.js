/**
 * Counts the page's data channels and peer connections, whoever makes them, and measures bare ones.
 * Runs before any library, so that none gets by.
 */
{
  const Original = RTCPeerConnection;
  const connections = new Set();
  const channels = new Set();
  const announced = [];
  class Counted extends Original {
    constructor(...options) {
      super(...options);
      connections.add(this);
      this.addEventListener("datachannel", ({ channel }) => {
        announced.push({ own: channels.has(channel), ordered: channel.ordered });
        channels.add(channel);
      });
    }

    /** @param {Parameters<RTCPeerConnection["createDataChannel"]>} options */
    createDataChannel(...options) {
      const channel = super.createDataChannel(...options);
      channels.add(channel);
      return channel;
    }
  }
  globalThis.RTCPeerConnection = Counted;

  // A channel that is transferred is closed, and goes on as another.
  const clone = globalThis.structuredClone;
  globalThis.structuredClone = (...options) => {
    const cloned = clone(...options);
    if (cloned instanceof RTCDataChannel) channels.add(cloned);
    return cloned;
  };

  /** Each channel that was announced as the other end's: whether this page had opened it, and keeps messages in order. */
  globalThis.announcedChannels = () => announced;

  /** How many data channels are not closed. */
  globalThis.openChannels = () => {
    for (const channel of channels) if (channel.readyState === "closed") channels.delete(channel);
    return channels.size;
  };

  /** How many peer connections are neither closed nor failed. */
  globalThis.openConnections = () =>
    [...connections].filter((found) => !["closed", "failed"].includes(found.connectionState)).length;

  /** Sent at once by the bare channel, in bytes: as much as libp2p's framing allows in one message. */
  const MESSAGE = 16 * 1024;
  const HIGH = 256 * 1024;
  const LOW = 64 * 1024;

  /**
   * One end of a peer connection without any library. What it must tell the other end is in `signals` until the
   * test takes it; what the other end said comes in by `hear`.
   */
  globalThis.bare = {
    signals: [],
    received: 0,
    open() {
      this.connection = new Original();
      this.connection.onicecandidate = ({ candidate }) => {
        if (candidate?.candidate) this.signals.push({ candidate: candidate.toJSON() });
      };
      this.connection.ondatachannel = ({ channel }) => this.use(channel);
    },
    use(channel) {
      this.channel = channel;
      channel.binaryType = "arraybuffer";
      channel.onmessage = ({ data }) => {
        if (data === "end") {
          channel.send(`${this.received}`);
          this.received = 0;
        } else if (typeof data === "string") this.counted(Number(data));
        else this.received += data.byteLength;
      };
    },
    /** Begins; the other end then hears what this one signals. */
    async offer() {
      this.open();
      this.use(this.connection.createDataChannel("bare"));
      await this.connection.setLocalDescription();
      this.signals.push({ description: this.connection.localDescription.toJSON() });
    },
    async hear(signals) {
      if (!this.connection) this.open();
      for (const { description, candidate } of signals) {
        if (candidate) await this.connection.addIceCandidate(candidate);
        if (!description) continue;
        await this.connection.setRemoteDescription(description);
        if (description.type === "offer") {
          await this.connection.setLocalDescription();
          this.signals.push({ description: this.connection.localDescription.toJSON() });
        }
      }
    },
    take() {
      return this.signals.splice(0);
    },
    isOpen() {
      return this.channel?.readyState === "open";
    },
    /** Milliseconds until the other end has counted `bytes` bytes. */
    async send(bytes) {
      const { channel } = this;
      channel.bufferedAmountLowThreshold = LOW;
      const counted = new Promise((resolve) => (this.counted = resolve));
      const message = new Uint8Array(MESSAGE);
      const start = performance.now();
      for (let sent = 0; sent < bytes; sent += MESSAGE) {
        if (channel.bufferedAmount >= HIGH) {
          await new Promise((resolve) => (channel.onbufferedamountlow = resolve));
        }
        channel.send(message);
      }
      channel.send("end");
      const count = await counted;
      if (count !== bytes) throw new Error(`${count} of ${bytes} bytes arrived`);
      return performance.now() - start;
    },
  };
}
