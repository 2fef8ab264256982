// What is wrong with how a page looks, as a list of sentences.
(() => {
	const problems = [];
	const shown = e => e.checkVisibility() && !e.closest('.hidden');

	// Nothing lies on anything else, and nothing sticks out.
	const apart = (a, b) => a.right <= b.left + 0.5 || b.right <= a.left + 0.5 || a.bottom <= b.top + 0.5 || b.bottom <= a.top + 0.5;
	const name = e => '"' + (e.firstChild?.textContent ?? '').slice(0, 40) + '"';
	const overlaps = (elements, what) => {
		const boxes = [...elements].map(e => [e, e.getBoundingClientRect()]);
		for (let i = 0; i < boxes.length; i++)
			for (let j = i + 1; j < boxes.length; j++)
				if (!apart(boxes[i][1], boxes[j][1])) problems.push(`${what} ${name(boxes[i][0])} lies on ${name(boxes[j][0])}`);
	};
	overlaps(document.querySelectorAll('.widget'), 'widget');
	if (document.documentElement.scrollWidth > innerWidth) problems.push('the page is wider than the window');

	for (const widget of document.querySelectorAll('.widget')) {
		const title = widget.querySelector('h3')?.textContent ?? 'text';
		if (widget.scrollWidth > widget.clientWidth + 1) problems.push(title + ': wider than its place');
		for (const problem of widget.querySelectorAll('.problem')) problems.push(title + ': ' + problem.textContent);
		const chart = widget.querySelector('.chart');
		if (!chart) continue;
		const lines = chart.querySelectorAll('path.line'), legend = widget.querySelectorAll('.legend li');
		if (lines.length === 0 || lines.length !== legend.length) problems.push(`${title}: ${lines.length} lines, ${legend.length} in the legend`);
		const empty = [...lines].filter(line => !line.getAttribute('d')).length; // what counts errors has no values without any
		if (empty !== (chart.getAttribute('aria-label') ?? '').split(': no values').length - 1) problems.push(title + ': a line without a path');
		overlaps(chart.querySelectorAll('text'), title + ': text');
		const frame = chart.getBoundingClientRect();
		for (const text of chart.querySelectorAll('text')) {
			const box = text.getBoundingClientRect();
			if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1)
				problems.push(`${title}: text ${name(text)} sticks out of the graph`);
		}
	}

	// WCAG 2.2: a contrast of 4.5 for text and of 3 for what else has a meaning.
	const numbers = color => color.match(/[\d.]+/g)?.map(Number) ?? [];
	const luminance = color => {
		const [r, g, b] = numbers(color).map(n => n / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const behind = e => {
		for (; e; e = e.parentElement) {
			const color = getComputedStyle(e).backgroundColor;
			if (numbers(color)[3] !== 0) return color;
		}
		return 'rgb(255, 255, 255)';
	};
	const contrast = (e, color, least, what) => {
		if (color === 'none') return problems.push(what + ' has no colour');
		const [a, b] = [luminance(color), luminance(behind(e))].sort((a, b) => b - a);
		const got = (a + 0.05) / (b + 0.05);
		if (!(got >= least)) problems.push(`${what} has a contrast of ${got.toFixed(2)}, want ${least}: ${color} on ${behind(e)}`);
	};
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (texts.nextNode()) {
		const e = texts.currentNode.parentElement, text = texts.currentNode.textContent.trim();
		if (!text || e.tagName === 'title' || !shown(e)) continue;
		const style = getComputedStyle(e);
		contrast(e, e.closest('svg') ? style.fill : style.color, 4.5, `text "${text.slice(0, 40)}"`);
	}
	for (const e of document.querySelectorAll('path.line, path.mark')) contrast(e, getComputedStyle(e).stroke, 3, e.getAttribute('class'));
	for (const e of document.querySelectorAll('.history rect')) contrast(e, getComputedStyle(e).fill, 3, 'history ' + e.getAttribute('class'));
	return problems;
})()
