/**
 * The commented scenario that `zipml simulate init` writes: a complete file in which every section stands, with its
 * defaults where these are usual. It reads as it is.
 *
 * @returns YAML with a line end.
 */
export function exampleScenario(): string {
  return example;
}

const example = `# A fleet for "zipml simulate run". Every key that has a default may be left out; unknown keys are refused.
name: air-quality
seed: 1                     # the same seed gives the same result, to the byte
durationHours: 24           # simulated time
mode: events                # events, or analytic: formulas alone, for sweeps

fleet:
  devices: 5000
  groups: 1                 # each group trains one model
  agents: 50                # devices of each group that run the real device code; the others are events
  placement:
    kind: disc              # around the gateway; ring puts all at one distance
    metres: 2000

# The channels of a row. What lies outside a range is clipped, and counted.
schema:
  - { name: temperature, unit: °C, range: [-20, 50] }
  - { name: humidity, unit: "%", range: [0, 100] }
  - { name: pm25, unit: µg/m³, range: [0, 200], role: target }

sensors:
  intervalSeconds: 300      # from row to row
  start: random             # at any time; together: all devices at the same moment
  source:
    kind: generated         # csv: rows of a file, shared out over the devices
    channels:
      # walk, diurnal, burst, field (devices that are near read alike), linear (of other channels)
      temperature: { kind: diurnal, mean: 15, amplitude: 8, peakHour: 15, noise: 0.5, spread: 2 }
      humidity: { kind: field, mean: 60, deviation: 12, metres: 1500, seconds: 14400, noise: 2 }
      pm25: { kind: linear, weights: { temperature: 0.8, humidity: 0.5 }, offset: 5, noise: 4 }

grid:
  scheme: count             # dither: one symbol, about one bit less at equal variance
  coding: packed            # rice, arithmetic, exact: lossless on top, where they are smaller
  levels: uniform           # optimal: where the draws' variance is least
  bits: 4                   # of a feature's code
  samples: 2                # independent draws of a feature
  targetBits: 8

batch:                      # a frame is sealed at the first bound that is reached
  rows: 12
  seconds: 86400
  bytes: 4096
  oversize: split           # refuse: frames that the link can't carry are an error
  jitterSeconds: 5          # frames are sent after a random delay

link: lorawan               # ethernet, wifi, ble, ieee802154, lorawan, nbiot, ltem
links:                      # options of any of them; only the chosen one's count
  lorawan:
    spreadingFactor: auto   # 7 to 12, or the fastest that reaches the gateway
    dutyCycle: 0.01         # share of any hour that a device may transmit
    confirmed: false
  nbiot:
    protocol: mqtt-sn       # over UDP; mqtt over TCP and TLS
    repetitions: 1

delivery:                   # frames that have not come through
  resendSeconds: 10         # doubles each time
  attempts: 8
  expireSeconds: 86400
  queue: 256                # frames that a device keeps
  birth: true               # devices announce schema and grid over the link when they start

gateways:
  count: 5
  demodulators: 8

outages:
  - { of: gateway, startHours: 6, seconds: 600, share: 0.2 }

loss:                       # beside what the link's own model loses
  kind: gilbert-elliott     # bernoulli, none
  goodSeconds: 3600
  badSeconds: 60
  badLoss: 0.8

training:
  target: pm25
  loss: squares             # ls-svm, logistic, hinge
  lags: 0
  estimator: symmetric
  epochs: 10

energy:
  batteryWattHours: 5
  sleepMicrowatts: 5
  rowMicrojoules: 100
`;
