"""Tirer des numéros sans trou, d'un coup : une requête quel que soit leur nombre, et chacun attend son tour."""


def tirer(env, code, annees):
    """Rend un numéro « PRÉFIXE/ANNÉE/000001 » par année donnée, dans l'ordre.

    :param code: code de l'`ir.sequence` (« no_gap ») qui porte le préfixe et le rang
    :param annees: une année par numéro voulu
    """
    annees = list(annees)
    if not annees:
        return []
    sequence = env["ir.sequence"].sudo().search([("code", "=", code)], limit=1)
    sequence.flush_recordset()
    env.cr.execute("""
        UPDATE ir_sequence SET number_next = number_next + %s WHERE id = %s RETURNING number_next - %s, prefix, padding""",
                   [len(annees), sequence.id, len(annees)])
    premier, prefixe, largeur = env.cr.fetchone()
    sequence.invalidate_recordset(["number_next"])
    return [f"{prefixe}/{annee}/{premier + rang:0{largeur}d}" for rang, annee in enumerate(annees)]
