// Draws a dashboard with Grafana's panel library. What is drawn, and where, is in `window.picture`,
// which ../check/panel_frames.py makes: committed panels, and data frames in Grafana's own format.

import { createRoot } from 'react-dom/client';
import {
  type DataFrame, type DataFrameJSON, type FieldColor, type FieldConfig, type TimeRange,
  createTheme, dataFrameFromJSON, dateTime, FieldType, getDisplayProcessor, getMinMaxAndDelta, ThemeContext,
} from '@grafana/data';
import { BigValue, BigValueColorMode, BigValueGraphMode, GlobalStyles, PanelChrome, TimeSeries } from '@grafana/ui';
import type { VizLegendOptions } from '@grafana/schema';
import '@fontsource/inter/latin-400.css';
import '@fontsource/inter/latin-500.css';

interface Panel {
  title: string;
  type: 'timeseries' | 'state-timeline' | 'stat';
  fieldConfig: { defaults: FieldConfig };
  options?: { legend: VizLegendOptions };
}

interface Drawn {
  panel: Panel;
  frames: DataFrameJSON[];
  box: { left: number; top: number; width: number; height: number };
}

interface Picture {
  title: string;
  caption: string;
  from: number;
  to: number;
  panels: Drawn[];
}

declare global {
  interface Window {
    picture: Picture;
  }
}

interface PlotProps {
  panel: Panel;
  frames: DataFrame[];
  timeRange: TimeRange;
  width: number;
  height: number;
}

const theme = createTheme({ colors: { mode: 'dark' } });
const timeZone = 'utc';

// How a Grafana colours these panels where the dashboard says nothing.
const COLOURS: Record<Panel['type'], FieldColor> = {
  timeseries: { mode: 'palette-classic' },
  'state-timeline': { mode: 'palette-classic' },
  stat: { mode: 'thresholds' },
};

/** Give the fields what a Grafana gives them: the panel's field config, a colour, a range, a display. */
function configured({ panel, frames }: Drawn): DataFrame[] {
  return frames.map((json, seriesIndex) => {
    const frame = dataFrameFromJSON(json);
    for (const field of frame.fields) {
      if (field.type === FieldType.number) {
        field.config = { color: COLOURS[panel.type], ...panel.fieldConfig.defaults, ...field.config };
        field.state = { seriesIndex, range: getMinMaxAndDelta(field) };
      }
      field.display = getDisplayProcessor({ field, theme, timeZone });
    }
    return frame;
  });
}

/** Return a thick line for each series, on a row that has its name. */
function asRows(frames: DataFrame[]): DataFrame[] {
  const text = frames.map((frame) => frame.fields[1].config.displayNameFromDS ?? '');
  const config = { type: { enum: { text } }, custom: { lineWidth: 24, showPoints: 'never', axisGridShow: false } };
  return frames.map((frame, row) => {
    const [time, states] = frame.fields;
    const values = states.values.map(() => row);
    return { ...frame, fields: [time, { ...states, type: FieldType.enum, values, config: { ...states.config, ...config } }] };
  });
}

function Lines({ panel, ...props }: PlotProps) {
  return <TimeSeries {...props} timeZone={timeZone} legend={panel.options!.legend} />;
}

/** The library has no state timeline: that one is part of Grafana's application. */
function StateTimeline({ panel, frames, ...props }: PlotProps) {
  const legend = { ...panel.options!.legend, showLegend: false };
  return <TimeSeries {...props} frames={asRows(frames)} timeZone={timeZone} legend={legend} />;
}

function Stat({ frames, width, height }: PlotProps) {
  const [x, y] = frames[0].fields;
  const value = y.display!(y.values.at(-1));
  return (
    <BigValue {...{ theme, value, width, height }} sparkline={{ x, y }}
      colorMode={BigValueColorMode.Value} graphMode={BigValueGraphMode.Area} />
  );
}

const PLOTS = { timeseries: Lines, 'state-timeline': StateTimeline, stat: Stat };

function Dashboard({ title, caption, from, to, panels }: Picture) {
  const timeRange = { from: dateTime(from), to: dateTime(to), raw: { from: dateTime(from), to: dateTime(to) } };
  return (
    <>
      <header>
        <h1>{title}</h1>
        <p>{caption}</p>
      </header>
      {panels.map((drawn) => {
        const { panel, box: { left, top, width, height } } = drawn;
        const frames = configured(drawn);
        const Plot = PLOTS[panel.type];
        return (
          <div key={panel.title} style={{ position: 'absolute', left, top }}>
            <PanelChrome title={panel.title} width={width} height={height}>
              {(width, height) => frames.length > 0 && <Plot {...{ panel, frames, timeRange, width, height }} />}
            </PanelChrome>
          </div>
        );
      })}
    </>
  );
}

async function draw() {
  // The library measures labels before it draws them, so the font has to be there first.
  await Promise.all([400, 500].map((weight) => document.fonts.load(`${weight} 12px Inter`)));
  createRoot(document.getElementById('root')!).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <Dashboard {...window.picture} />
    </ThemeContext.Provider>
  );
}

draw();
