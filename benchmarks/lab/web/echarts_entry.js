// The parts of Apache ECharts that the report draws with, and no more; bundled
// into echarts.bundle.js by build_echarts.sh.
export { init } from "echarts/core";
import { use } from "echarts/core";
import { CustomChart, HeatmapChart, LineChart } from "echarts/charts";
import {
  DataZoomInsideComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapContinuousComponent,
} from "echarts/components";
import { CanvasRenderer } from "echarts/renderers";

use([
  CanvasRenderer,
  CustomChart,
  DataZoomInsideComponent,
  GridComponent,
  HeatmapChart,
  LegendComponent,
  LineChart,
  MarkLineComponent,
  TooltipComponent,
  VisualMapContinuousComponent,
]);
