import type { Json } from '../shapes.ts';
import type { ActionContext } from './context.ts';

/** API document DescribeRegions; needs no `RegionId`. */
export function describeRegions(context: ActionContext): Json {
  return {
    Regions: {
      Region: context.state.regions().map((region) => ({
        RegionId: region.regionId,
        LocalName: region.localName,
        RegionEndpoint: `vpc.${region.regionId}.aliyuncs.com`,
      })),
    },
  };
}
