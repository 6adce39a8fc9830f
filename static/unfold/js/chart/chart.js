// Stands in the place of the theme's library of charts, 69 kB of every page that none needs: ours are drawn by
// cloudstack/charts.js.
